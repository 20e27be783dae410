import Administration
import Settings
import TipModel
import ZeroMQ

/// Who takes part in the demo: the daemon, agents, a post without an agent, patrols.
final class Cast: Sendable {
    static let dongyuan = ZoneID(unchecked: "dongyuan")
    static let nanhu = ZoneID(unchecked: "nanhu")

    let night: DemoNight
    let daemon: DaemonProcess
    /// 东门, 超市, 南湖 with agents; the lake post's agent has no network at first.
    let gate: AgentProcess
    let shop: AgentProcess
    let lakeGate: AgentProcess
    let lake: AgentProcess
    /// Speaks the protocol itself, so that its receipt can be lost.
    let clinic: DirectPost
    let dongyuanPatrol: DirectPatrol
    let nightPatrol: DirectPatrol
    let nanhuPatrol: DirectPatrol

    /// Starts everybody.
    init(_ options: Demo.Options, _ demo: Demo) async throws {
        night = DemoNight(now: SystemTime().now())
        var plan = DaemonProcess.Plan(
            binaries: options.binaries, directory: options.directory + "/station",
            triage: SampleDistrict.triage(utcOffsetMinutes: night.offsetMinutes))
        plan.more = "feed:\n  heartbeat_timeout: 10s"
        let daemon = try DaemonProcess(plan)
        self.daemon = daemon
        let status = try await daemon.start()
        demo.say(.daemonReady) { $0.detail = status.version }

        func post(_ id: String, _ name: String, _ zone: ZoneID, _ position: Position) async throws -> KeyBundle {
            try await daemon.enrol(
                .post(Post(id: PostID(unchecked: id), name: name, zone: zone, position: position, kind: "compound", members: 12)))
        }
        func unit(_ id: String, _ name: String, _ zones: [ZoneID]) async throws -> KeyBundle {
            try await daemon.enrol(.unit(PatrolUnit(id: UnitID(unchecked: id), name: name, zones: zones)))
        }
        do {
            let gateKeys = try await post(
                "gate-dongyuan-01", "东苑一区东门 (Dongyuan Court 1, east gate)", Self.dongyuan, SampleDistrict.position(north: 0, east: 0))
            let shopKeys = try await post(
                "shop-dongyuan-01", "东苑便民超市 (Dongyuan corner shop)", Self.dongyuan, SampleDistrict.position(north: 60, east: 40))
            let clinicKeys = try await post(
                "clinic-dongyuan", "东苑社区卫生站 (Dongyuan clinic)", Self.dongyuan, SampleDistrict.position(north: -50, east: 60))
            let lakeGateKeys = try await post(
                "gate-nanhu-01", "南湖小区大门 (Nanhu court, gate)", Self.nanhu, SampleDistrict.position(north: -2_000, east: 800))
            let lakeKeys = try await post(
                "park-nanhu", "南湖公园管理处 (Nanhu park office)", Self.nanhu, SampleDistrict.position(north: -3_000, east: 1_500))
            let units = (
                try await unit("patrol-dongyuan", "东苑巡组 (Dongyuan patrol)", [Self.dongyuan]),
                try await unit("night-east", "东片夜巡组 (night patrol)", [Self.dongyuan, Self.nanhu]),
                try await unit("patrol-nanhu", "南湖巡组 (Nanhu patrol)", [Self.nanhu])
            )
            demo.say(.enrolled) { $0.count = 8 }

            func agent(_ keys: KeyBundle, _ folder: String, _ endpoints: [String]? = nil) throws -> AgentProcess {
                try AgentProcess(
                    binaries: options.binaries, directory: options.directory + "/" + folder, bundle: keys, endpoints: endpoints)
            }
            gate = try agent(gateKeys, "gate")
            shop = try agent(shopKeys, "shop")
            lakeGate = try agent(lakeGateKeys, "lakegate")
            // Port 1 is nobody's: the cable is out.
            lake = try agent(lakeKeys, "lake", ["tcp://127.0.0.1:1"])
            clinic = try DirectPost(clinicKeys)
            dongyuanPatrol = try DirectPatrol(units.0)
            nightPatrol = try DirectPatrol(units.1)
            nanhuPatrol = try DirectPatrol(units.2)
        } catch {
            await daemon.stop()
            throw error
        }
        do {
            for (name, agent) in agents {
                try await agent.start()
                demo.say(.agentReady) { $0.post = name }
            }
            for patrol in patrols {
                try await patrol.waitUntilCaughtUp()
                demo.say(.patrolReady) { $0.unit = patrol.unit.rawValue }
            }
        } catch {
            await leave()
            throw error
        }
    }

    var agents: [(name: String, agent: AgentProcess)] {
        [("gate-dongyuan-01", gate), ("shop-dongyuan-01", shop), ("gate-nanhu-01", lakeGate), ("park-nanhu", lake)]
    }

    var patrols: [DirectPatrol] { [dongyuanPatrol, nightPatrol, nanhuPatrol] }

    func patrols(of zone: ZoneID) -> [DirectPatrol] {
        zone == Self.dongyuan ? [dongyuanPatrol, nightPatrol] : [nightPatrol, nanhuPatrol]
    }

    /// Stops whoever still runs.
    func leave() async {
        for patrol in patrols { await patrol.stop() }
        for (_, agent) in agents { await agent.stop(within: .seconds(3)) }
        await daemon.stop(within: .seconds(5))
    }
}
