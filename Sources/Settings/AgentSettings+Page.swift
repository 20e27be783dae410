extension AgentSettings {
    static func page(_ part: SettingsSection, default value: Page) -> Page {
        var page = value
        if let text = part.scalar("listen", required: false), text != "off" {
            if let (host, port) = Endpoint.split(text), Endpoint.isPort(port, least: 0), let number = Int(port) {
                page.listen = ListenAddress(host: host, port: number)
            } else {
                part.issue("listen", "must be address:port or off, is \(SettingsSection.quoted(text))")
            }
        }
        page.certificateFile = part.path("tls_certificate", default: page.certificateFile)
        page.keyFile = part.path("tls_key", default: page.keyFile)
        page.pinFile = part.path("pin_file", default: page.pinFile)
        page.telephone = part.text("telephone", default: page.telephone, bytes: 1...40)
        if part.isGiven("categories") {
            let categories = part.items("categories", count: 1...PageCategory.most, category)
            var seen: Set<String> = []
            for category in categories where !seen.insert(category.code).inserted {
                part.issue("categories", "\(SettingsSection.quoted(category.code)) is given twice")
            }
            page.categories = categories
        } else {
            _ = part.entry("categories", required: false)
        }
        return page
    }

    private static func category(_ part: SettingsSection) -> PageCategory {
        PageCategory(
            part.code("code"), zh: part.text("zh", default: nil, bytes: 1...60), en: part.text("en", default: nil, bytes: 1...60),
            phrases: part.items("phrases", required: false, count: 0...PageCategory.mostPhrases) { phrase in
                PageCategory.Phrase(
                    zh: phrase.text("zh", default: nil, bytes: 1...60), en: phrase.text("en", default: nil, bytes: 1...60))
            })
    }
}
