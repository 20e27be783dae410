/// How guards write, by category: a line is one story, its parts (at " | ") are ways to tell it, in Chinese or English.
/// Slots: {b} building, {u} unit, {f} floor, {p} place, {c} colour, {v} number plate, {n} a number, {t} when.
enum BenchStories {
    static let categories: [(code: String, stories: [[String]])] =
        (first + second).map { code, text in
            (code, text.split(separator: "\n").map { line in line.split(separator: "|").map { trimmed($0) } })
        }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }

    private static let first: [(String, String)] = [
        (
            "suspicious_person",
            """
            {b}{p}有个穿{c}衣服的男的来回走，一直往院里看 | {p}那儿一个{c}上衣的人转悠{n}分钟了 | man in a {c} jacket hanging around {p}, {b}, keeps looking in
            {t}有人在{b}{u}挨家拍门锁，问找谁说不清 | {b}{u}有个生面孔{f}挨层试门把手 | stranger trying door handles in {b} {u}, {f}
            {p}有个戴{c}帽子的蹲在车棚边上，手里有工具 | 戴{c}帽子的人在{p}看电动车，{n}分钟没走 | guy with a {c} cap crouching by the bikes at {p}
            一个男的从地铁口跟着女业主到{b}门口 | {b}楼下有人尾随女住户，穿{c}外套 | someone in {c} followed a resident home to {b}
            {p}有人翻看信箱，自称送水的 | 说是送水的，在{b}{u}翻信箱 | claims to be a delivery man, going through the mail boxes of {b}
            两个人拿手机拍{b}的门牌和猫眼 | {t}两名男子在{b}各层拍照，不像住户 | two men photographing front doors in {b}, no uniform
            """
        ),
        (
            "theft",
            """
            {b}车棚{t}丢了一辆{c}电动车 | {c}电瓶车在{b}楼下不见了，锁剪断了 | {c} e-bike gone from the shed at {b}, lock cut
            {p}快递柜少了{n}个件 | {b}住户的包裹在{p}被人拿走了 | {n} parcels missing from the lockers at {p}
            {b}{u}门口的{c}婴儿车让人推走了 | {t}发现{u}楼道里的{c}童车没了 | {c} pram taken from the stairwell, {b} {u}
            {p}一辆{c}自行车被偷，监控拍到人 | 监控里有人{t}推走{c}自行车，{p} | bicycle stolen at {p}, {c} frame, we have it on camera
            电动车电瓶被偷{n}组，{b}车棚 | {b}车棚{t}发现{n}块电瓶没了 | {n} batteries gone from the bike shed by {b}
            {p}小卖部被人顺走{n}瓶酒 | 有人在{p}店里拿了酒就跑，穿{c}衣服 | shoplifter in {c} ran off with {n} bottles, {p}
            """
        ),
        (
            "burglary",
            """
            {b}{u}{f}窗户被撬开，屋里翻乱了 | {f}住户回来发现门锁坏了，{b}{u} | flat on {f} broken into, {b} {u}, drawers everywhere
            有人正在撬{b}{u}的门，{t}看见的 | {b}{u}有撬门的声音，一个望风 | someone is prying the door of {b} {u} right now
            {t}看到有人从{b}后窗爬进去，穿{c}衣服 | {c}衣服的人翻进{b}一楼阳台 | a person in {c} climbed in by the back window of {b}
            {p}仓库挂锁剪断，少了{n}箱货 | 仓库门{t}发现被撬，{p}，少{n}箱 | warehouse padlock cut at {p}, {n} boxes missing
            监控看到有人放绳下到{b}{f}阳台 | {b}天台下来一个人进了{f}阳台 | man on a rope down to the {f} balcony, {b}
            {b}{u}门锁里塞了东西，像是有人做标记 | {u}几户门上画了记号，{b} | marks on several doors of {b} {u}, lock stuffed
            """
        ),
        (
            "assault",
            """
            {p}两个人打起来了，一个穿{c} | {b}楼下有人打架，穿{c}的占上风 | two men fighting at {p}, one in {c}
            {p}停车起争执，{t}动了手 | 因为车位，{b}前面两人互殴 | parking row turned into punches at {p}, {b}
            {b}{u}有人被推倒在地，头磕破 | {p}一人倒地流血，{t}被人推的 | a man was pushed over in {b} {u}, his head is bleeding
            {n}个年轻人围着一个外卖员踢打，{p} | 外卖小哥在{p}被{n}个人打 | {n} youths kicking a delivery rider at {p}
            保安被业主打了，{b}门岗 | {t}{p}保安挨了一拳，打人的穿{c} | guard punched at {p} by a man in {c}
            {b}{f}夫妻打架，女的喊救命 | {f}男的打老婆，{b}{u}，东西砸得响 | husband beating his wife on {f}, {b} {u}
            """
        ),
        (
            "weapon",
            """
            有人拿刀在{p}追人，穿{c} | {p}一个{c}衣服的男人持刀 | man with a knife at {p}, {c} coat
            {b}{u}有人抡着铁棍砸门 | 拿铁棍的人在{b}{u}，正砸{f}的门 | man with an iron bar smashing at a door, {b} {u}
            {p}有人举着啤酒瓶，瓶口碎的 | 啤酒瓶砸碎了拿在手里，{p}，穿{c} | someone waving a broken bottle at {p}
            {t}看见一人腰里别着刀进了{b} | {c}衣服的人带刀进{b}{u} | a man in {c} went into {b} with a knife in his belt
            {p}有{n}个人拿着棍子，像要打群架 | {n}个小伙拿棍子往{p}走 | {n} lads with sticks heading for {p}
            """
        ),
        (
            "fire",
            """
            {b}{f}窗户冒黑烟 | {b}{u}{f}厨房着火 | black smoke from {f}, {b}
            {p}垃圾桶烧起来了 | {t}{p}的垃圾桶冒火 | rubbish bin on fire at {p}
            {b}车棚冒烟，闻到焦味 | 电动车在{b}车棚着了，火苗有{n}米 | smoke from the bike shed of {b}
            {b}{u}配电间冒烟，胶皮味 | 配电箱在{u}打火花，{b} | electrical cupboard smoking, {b} {u}
            {p}一辆{c}轿车机盖冒火 | {c}车在{p}自燃了，车牌{v} | {c} car burning at {p}, plate {v}
            {b}天台有烟，像烧纸 | 楼顶{t}有火光，{b} | glow and smoke on the roof of {b}
            """
        ),
        (
            "medical",
            """
            老人在{p}晕倒，叫不醒 | {p}有位老人倒地没反应，穿{c} | elderly man collapsed at {p}, not responding
            {b}{u}{f}有人胸口疼，出冷汗 | {f}住户胸痛，{b}{u}，要救护车 | chest pain on {f}, {b} {u}, please send an ambulance
            孩子在{p}摔断了胳膊 | 小孩从{p}的滑梯掉下来，手抬不起来 | child fell at {p}, arm looks broken
            {b}电梯口一名孕妇肚子疼 | 孕妇在{b}{u}站不住了 | pregnant woman in pain by the lift of {b}
            {t}有人在{p}抽搐，口吐白沫 | {p}一个小伙子抽抽，穿{c}上衣 | young man in {c} having a fit at {p}
            {b}{f}老太太摔倒起不来，人清醒 | 老太太在{u}踩空，脚踝肿了，{b} | old lady slipped in {b} {u}, ankle swollen, awake
            """
        ),
        (
            "missing_person",
            """
            {n}岁男孩走失，穿{c}上衣，最后在{p} | {p}孩子不见了，男孩，{c}衣服 | boy aged {n} in a {c} top missing from {p}
            {b}的老人早上出门没回来，有痴呆 | 老人走失，住{b}{u}，穿{c}外套 | old man with dementia missing from {b}, {c} coat
            女孩放学没到家，{b}{u}，背{c}书包 | {c}书包的女孩{t}还没回来，{b} | schoolgirl with a {c} bag not home, {b} {u}
            {p}有个走散的小孩找妈妈，{n}岁左右 | 小孩在{p}哭，找不到大人，穿{c} | lost child of about {n} crying at {p}
            室友两天没回，{b}{f}，电话关机 | {b}{u}一名租户失联，手机关机 | flatmate on {f} of {b} gone for two days, phone off
            """
        ),
    ]

    private static let second: [(String, String)] = [
        (
            "traffic",
            """
            {p}两车相撞，堵住了路口 | {c}车和货车在{p}刮了，人没事 | two cars collided at {p}, one {c}, road blocked
            {v}停在消防通道，{b}前面 | {c}轿车{v}堵了{b}的消防通道 | {v} parked in the fire lane by {b}
            电动车撞了行人，{p}，膝盖破了 | {p}骑车的碰倒一个老人，{t} | scooter hit a pedestrian at {p}, knee bleeding
            货车在{p}占道卸货，排了{n}辆车 | {p}卸货堵了{n}分钟 | truck unloading at {p}, queue of {n} cars
            {b}车库口道闸坏了，进出都堵 | 道闸不抬，{b}地库口排队 | barrier stuck at the garage of {b}
            """
        ),
        (
            "disturbance",
            """
            {b}楼下烧烤摊吵到半夜 | {p}烧烤摊喝酒喊叫，{t}还没散 | barbecue crowd shouting at {p}, still going
            {f}住户放音乐，{b}{u}都睡不着 | {b}{f}音响太大 | loud music from {f}, {b} {u}
            {p}广场舞音箱太响，居民投诉 | {n}个住户投诉{p}的广场舞 | {n} complaints about the dancing music at {p}
            醉汉在{p}骂街踢垃圾桶，穿{c} | 一个喝多的男的赖在{b}门口 | drunk in {c} kicking bins at {p}
            {b}{u}半夜装修打钻 | {f}{t}还在敲墙，{b} | drilling on {f} of {b} in the middle of the night
            {n}个孩子在{p}放鞭炮 | {p}有人放炮，窗户震得响 | {n} kids letting off fireworks at {p}
            """
        ),
        (
            "dispute",
            """
            {b}{u}楼上漏水，两家吵得厉害 | 漏水的事，{f}和楼下在{b}大堂吵 | neighbours row about a leak in {b} {u}, {f}
            业主和物业为停车费在{p}争执 | {p}因为停车费堵着门不让走 | argument about parking fees at {p}
            {p}两个摊主抢位置，围了{n}个人 | 摊位纠纷，{p}，骂得凶 | two stall holders quarrelling at {p}, crowd of {n}
            租客和房东为押金吵，{b}{f} | 房东换锁，租客在{b}{u}门口不走 | tenant and landlord arguing over a deposit, {b} {f}
            {b}门口遛狗的和带孩子的吵起来 | {p}狗没拴绳，两家{t}吵架 | row over a dog off the lead at {p}
            """
        ),
        (
            "fraud",
            """
            {b}老人接到冒充公检法的电话，要转账 | {b}{u}老太太正要给"公安局"转{n}万 | caller pretending to be police, resident of {b} about to transfer {n}0,000
            有人在{p}推销假药，说能治百病 | {p}卖保健品的拉着老人不放 | man selling fake medicine to old people at {p}
            {f}住户刷单被骗{n}千，{b} | {b}{u}一名学生被骗{n}千元 | student in {b} {u} lost {n},000 in an online job scam
            冒充燃气公司上门换表收钱，{b}{u} | {t}两个穿{c}工装的说换燃气表，{b}，查无此人 | two men in {c} overalls charging for gas meters in {b}
            {p}有人贴假停车罚单二维码 | 车上贴了假罚单，{p}，{n}辆 | fake parking tickets with QR codes on {n} cars at {p}
            """
        ),
        (
            "hazard",
            """
            {p}井盖没了，有人差点掉下去 | {b}前面井盖松动 | manhole cover missing at {p}
            电线垂到地面，{p}，冒火花 | {b}旁边线杆断了，电线耷拉着 | power line down at {p}, sparking
            {b}{u}楼道煤气味很重 | {f}闻到煤气味，{b}{u} | strong gas smell in {b} {u}, {f}
            电梯卡在{f}，里面{n}个人，{b} | {b}{u}电梯困人，{n}个 | lift stuck at {f} with {n} people, {b} {u}
            {b}外墙瓷砖掉了几块，没砸到人 | {p}有瓷砖往下掉，{b} | tiles falling off {b} by {p}
            {p}水管爆了，水漫到路上 | {b}地下室进水，{n}厘米深 | burst pipe at {p}, water on the road
            """
        ),
        (
            "vehicle",
            """
            一辆{c}面包车停在{p}{n}小时了，车牌{v} | {v}{c}面包车在{p}不走，里面有人 | {c} van {v} parked at {p} for {n} hours
            {c}轿车绕{b}转了三圈，{v} | {v}一直慢慢开，{p}到{b} | {c} car {v} circling {b} slowly
            无牌{c}货车停{p}，{t}卸东西 | {p}有辆没牌的{c}货车 | {c} truck without plates unloading at {p}
            {b}前面{c}车被砸了玻璃，{v} | {v}车窗碎了，{b} | window of {c} car {v} smashed in front of {b}
            {p}一辆车没熄火没人，{v} | {c}车{v}开着发动机停在{p}，车里没人 | {v} left running at {p}, nobody inside
            """
        ),
        (
            "service_request",
            """
            新生儿怎么办户口登记，{b}的住户问 | {b}{u}住户咨询落户材料 | how to register a newborn, resident of {b} asks
            希望夜里多巡逻{p} | {b}居民想请{t}多转转 | please patrol {p} more often at night
            {p}路灯坏了{n}天，麻烦修 | {b}前面的灯不亮了 | street light at {p} out for {n} days
            居住证在哪里办，{b}{f}问的 | {u}租户问居住证，{b} | where to get a residence permit, tenant of {b} {f}
            想请社区民警来{b}讲防骗 | {b}老年活动室要一场防诈骗讲座 | residents of {b} would like a talk on fraud
            """
        ),
        (
            "other",
            """
            {p}捡到一个{c}钱包，交到岗亭 | {c}钱包一个，{t}在{b}捡的 | found a {c} wallet at {p}, kept at the gate
            {b}{u}垃圾{n}天没清 | {p}垃圾堆着，{n}天了 | rubbish at {p} not collected for {n} days
            {p}一只{c}狗没主人，追着人叫 | {c}的流浪狗在{b}附近 | stray {c} dog around {p}, {b}
            {b}{f}有人钥匙断在锁里 | 住户锁在门外，{b}{u}{f} | resident locked out on {f}, {b} {u}
            {p}有人在树下烧纸，看着呢 | {t}{p}有老人烧纸，已劝 | paper offerings burnt at {p}, being watched
            {b}门口捡到一串钥匙，{c}挂件 | 钥匙一串，{c}绳子，{p}捡的 | keys with a {c} ribbon handed in at {p}
            """
        ),
    ]
}
