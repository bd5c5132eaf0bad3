package protocol

// DiffArgs are the shim's arguments, after its own name, that have it write to out
// what the tree upper has and lower has not, or has differently.
func DiffArgs(lower, upper, out string) []string { return []string{"diff", lower, upper, out} }

// ModesArgs are those that have it set modes of what lies in the tree at root: each
// mode, in octal, is followed by a path. What has another mode than the umask 022
// leaves of it stays as it is.
func ModesArgs(root string, modes []string) []string {
	return append([]string{"modes", root}, modes...)
}

// LinkArgs are those that have it make a symbolic link.
func LinkArgs(target, link string) []string { return []string{"link", target, link} }
