package introspect

// Query asks for all that there is to know of a schema.
const Query = `query {
  __schema {
    description
    queryType { name }
    mutationType { name }
    subscriptionType { name }
    types { ...fullType }
    directives { name description isRepeatable locations args(includeDeprecated: true) { ...input } }
  }
}
fragment fullType on __Type {
  kind name description specifiedByURL isOneOf
  fields(includeDeprecated: true) {
    name description isDeprecated deprecationReason
    args(includeDeprecated: true) { ...input }
    type { ...ref }
  }
  inputFields(includeDeprecated: true) { ...input }
  interfaces { ...ref }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
  possibleTypes { ...ref }
}
fragment input on __InputValue { name description type { ...ref } defaultValue isDeprecated deprecationReason }
fragment ref on __Type {
  kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } }
}
`
