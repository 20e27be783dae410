public import Localization
import TipModel

extension FeedScreen {
    /// What a key leads to outside the screen.
    public enum KeyEffect: Hashable, Sendable {
        case none
        case quit
        case perform(PatrolCommand)
    }

    /// Takes a key. Commands are about the selected incident; selecting goes by incident and not by row, so that a
    /// list that moves under the finger does not change what a key is about.
    public mutating func press(_ key: Key, size: TerminalSize, words: Catalogue) -> KeyEffect {
        if key == .interrupt { return .quit }
        if case .disposition(let id, let fromDetail) = mode { return choose(key, id, fromDetail, words) }
        notice = nil
        switch key {
        case .escape:
            mode = .list
        case .enter:
            if mode == .list, let current = current(in: listed) {
                selected = current.incident.id
                board.markSeen(current.incident.id)
                detailTop = 0
                mode = .detail
            } else {
                mode = .list
            }
        case .up, .character("k"): move(by: -1)
        case .down, .character("j"): move(by: 1)
        case .pageUp: page(-1, size, words)
        case .pageDown: page(1, size, words)
        case .home: move(by: -listed.count)
        case .end: move(by: listed.count)
        case .character("?"): mode = mode == .help ? .list : .help
        // Out of the program only from the list: a key too many must not end the watch.
        case .character("q") where mode != .list: mode = .list
        case .character("q"): return .quit
        case .character("c"): return act(.claim, words)
        case .character("e"): return act(.enRoute, words)
        case .character("s"): return act(.onScene, words)
        case .character("r"): return act(.release, words)
        case .character("h"): return act(.join, words)
        case .character("v"): return act(.seen, words)
        case .character("d"): return act(.enRoute, words, divert: true)
        case .character("a"): show(.all)
        case .character("m"): show(.mine)
        case .character("n"): show(.near)
        case .character("w"): show(.new)
        case .character("x"):
            guard let current = current(in: listed) else { return act(.clear, words) }
            mode = .disposition(current.incident.id, fromDetail: mode == .detail)
        case .character(let character):
            guard let digit = character.wholeNumberValue, digit > 0, mode == .list else { break }
            let listed = self.listed
            guard digit <= Self.capacity(size), listed.indices.contains(top + digit - 1) else { break }
            select(listed[top + digit - 1].incident.id)
        case .redraw, .interrupt: break
        }
        return .none
    }

    private mutating func choose(_ key: Key, _ id: IncidentID, _ fromDetail: Bool, _ words: Catalogue) -> KeyEffect {
        switch key {
        case .escape, .character("q"):
            mode = fromDetail ? .detail : .list
            return .none
        case .character(let character):
            guard let digit = character.wholeNumberValue, let value = UInt8(exactly: digit),
                let disposition = Disposition(rawValue: value)
            else { return .none }
            mode = fromDetail ? .detail : .list
            return perform(PatrolCommand(.clear, id, disposition: disposition), words)
        default: return .none
        }
    }

    private mutating func show(_ part: Part) {
        self.part = part
        mode = .list
        top = 0
        if let first = listed.first { select(first.incident.id) }
    }

    private mutating func act(_ verb: PatrolVerb, _ words: Catalogue, divert: Bool = false) -> KeyEffect {
        guard mode != .help else { return .none }
        guard let current = current(in: listed) else {
            notice = Notice(words.text(.actionNoIncident))
            return .none
        }
        return perform(PatrolCommand(verb, current.incident.id, divert: divert), words)
    }

    private mutating func perform(_ command: PatrolCommand, _ words: Catalogue) -> KeyEffect {
        select(command.incident)
        notice = Notice(words.text(.actionSending, words.name(command.verb), "\(command.incident)"))
        return .perform(command)
    }

    private mutating func select(_ id: IncidentID) {
        if selected != id { detailTop = 0 }
        selected = id
        board.markSeen(id)
    }

    /// A page of the list; of the details, when these are longer than the window.
    private mutating func page(_ direction: Int, _ size: TerminalSize, _ words: Catalogue) {
        guard mode == .detail, let current = current(in: listed) else { return move(by: direction * Self.capacity(size)) }
        let renderer = FeedRenderer(screen: self, size: size, now: Timestamp(milliseconds: 0), words: words)
        let room = renderer.room - 1
        detailTop = max(0, min(detailTop + direction * room, renderer.detail(current).count - room))
    }

    private mutating func move(by rows: Int) {
        let listed = self.listed
        guard mode != .help, !listed.isEmpty else { return }
        let here = current(in: listed).flatMap { current in
            listed.firstIndex { $0.incident.id == current.incident.id }
        }
        let next = max(0, min(listed.count - 1, (here ?? 0) + rows))
        select(listed[next].incident.id)
    }
}

extension Catalogue {
    /// A step's name.
    func name(_ verb: PatrolVerb) -> String {
        switch verb {
        case .claim: text(.actionClaim)
        case .enRoute: text(.actionEnRoute)
        case .onScene: text(.actionOnScene)
        case .clear: text(.actionClear)
        case .release: text(.actionRelease)
        case .join: text(.actionJoin)
        case .handOver: text(.actionHandOver)
        case .seen: text(.actionSeen)
        }
    }

    /// How a command ended, in one line.
    func describe(_ outcome: ActionOutcome) -> String {
        let verb = name(outcome.command.verb)
        let id = "\(outcome.command.incident)"
        switch outcome.result {
        case .done: return text(.actionDone, verb, id)
        case .refused(let rejection, let incident):
            // Who has it, and how far they are, is what the unit wants to know then.
            let state = incident.map { incident in
                incident.holder.map { text(.holder, name(incident.phase), $0.rawValue) } ?? name(incident.phase)
            }
            return text(.actionRefused, verb, id, name(rejection.code) + (state.map { text(.inBrackets, $0) } ?? ""))
        case .timedOut: return text(.actionTimedOut, verb, id)
        case .notSent: return text(.actionNotSent, verb, id)
        case .tooMany: return text(.actionTooMany)
        }
    }

    /// Why the client subscribes again.
    func describe(_ fault: FeedFault) -> String {
        switch fault {
        case .gap(let lane, let expected, let found): text(.gapFound, name(lane), "\(expected)", "\(found)")
        case .undecodable: text(.undecodable)
        case .overrun: text(.overrun)
        }
    }
}

extension Catalogue {
    /// A part of the list.
    func name(_ part: FeedScreen.Part) -> String {
        switch part {
        case .all: text(.partAll)
        case .mine: text(.partMine)
        case .near: text(.partNear)
        case .new: text(.partNew)
        }
    }
}
