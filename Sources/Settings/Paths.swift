/// `name` inside `folder`; an absolute `name` stays as it is. `..` is left to the system, which knows the links.
func joinPath(_ folder: String, _ name: String) -> String {
    if name.hasPrefix("/") || folder.isEmpty { return name }
    return folder.hasSuffix("/") ? folder + name : folder + "/" + name
}

/// The folder of a file: everything before the last `/`, or `.` without one.
func folderOf(_ file: String) -> String {
    guard let slash = file.lastIndex(of: "/") else { return "." }
    return slash == file.startIndex ? "/" : String(file[..<slash])
}
