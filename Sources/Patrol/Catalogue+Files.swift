import Glibc
import Localization

extension Catalogue {
    /// What failed, in words to act on; what is not among the usual causes is told in the system's own.
    func describe(_ failure: FileFailure) -> String {
        let cause: Message? =
            switch failure.code {
            case ENOENT, ENOTDIR: .causeMissing
            case EACCES, EPERM: .causeForbidden
            case ENOSPC, EDQUOT: .causeDiskFull
            case EROFS: .causeReadOnly
            case EFBIG: .causeTooLarge
            case EIO: .causeDiskFault
            case EMFILE, ENFILE: .causeTooManyFiles
            case ELOOP: .causeLink
            default: nil
            }
        return cause.map { text($0) } ?? failure.description
    }
}
