package main

// scope are the types whose fields and options are counted. Query is counted as
// far as its fields make or load them.
var scope = []string{
	"Query", "Container", "Directory", "File", "Host", "Service", "Secret", "Socket", "CacheVolume",
	"GitRepository", "GitRef", "Changeset", "DiffStat", "Port", "EnvVariable", "Label", "Stat", "SearchResult", "SearchSubmatch",
	"Terminal", "Address", "JSONValue", "EnvFile", "HealthcheckConfig",
}

// plain are results of fields that are no types of the API, and the interface that
// all of them have.
var plain = map[string]bool{
	"": true, "string": true, "int": true, "bool": true, "float64": true, "error": true, "ID": true, "JSON": true, "Void": true,
	"Node": true, "Platform": true, "NetworkProtocol": true, "FileType": true, "ExistsType": true, "DiffStatKind": true,
}

// outside are fields that are out of scope although their results are in it.
var outside = map[string]bool{"Query.currentTypeDefs": true, "Query.error": true}

// reasons say why a field, an option, or all options of a name (with a dot before
// it) are not served.
var reasons = map[string]string{
	"Container.experimentalWithAllGPUs": "BuildKit gives GPUs by entitlements of its own",
	"Container.experimentalWithGPU":     "BuildKit gives GPUs by entitlements of its own",
	".experimentalPrivilegedNesting":    "the session has no address within containers",
}
