import Localization

/// The words of the commands. As in the catalogue, both languages of a text stand side by side, so that none is forgotten;
/// what the model's values are called comes from the catalogue itself.
struct Words: Hashable, Sendable {
    let catalogue: Catalogue

    init(_ language: Language) { catalogue = Catalogue(language) }

    var language: Language { catalogue.language }

    func callAsFunction(_ zh: String, _ en: String) -> String { language == .zh ? zh : en }
}
