namespace IoTPlatform.CertificateAuthority.Tests.Templates;

/// <summary>A template, and what a caller sends for it.</summary>
/// <param name="Name">Of its provisioner.</param>
/// <param name="Template">As it is attached.</param>
public sealed record TemplateCase(string Name, string Template)
{
    public string? TemplateData { get; init; }

    public string? UserData { get; init; }

    public bool IsRsa { get; init; }

    /// <summary>The token is one of a certificate's key (X5C), not of a provisioner's.</summary>
    public bool IsX5c { get; init; }

    /// <summary>Of the request and of the token.</summary>
    public IReadOnlyList<string> Sans { get; init; } = ["device-1.test", "b.test", "192.0.2.7", "a@a.test", "https://a.test/x"];

    /// <summary>Refused by the one and by the other.</summary>
    public bool IsRefused { get; init; }

    /// <summary>Issued by step-ca and refused here, deliberately.</summary>
    public bool IsRefusedHere { get; init; }

    public override string ToString() => Name;
}

/// <summary>Templates of step-ca's users: its defaults, those that its documentation has, and one for each thing that a template can say.</summary>
public static class TemplateCorpus
{
    private const string Leaf = """
        {
        	"subject": {{ toJson .Subject }},
        	"sans": {{ toJson .SANs }},
        {{- if typeIs "*rsa.PublicKey" .Insecure.CR.PublicKey }}
        	"keyUsage": ["keyEncipherment", "digitalSignature"],
        {{- else }}
        	"keyUsage": ["digitalSignature"],
        {{- end }}
        	"extKeyUsage": ["serverAuth", "clientAuth"]
        }
        """;

    private const string OfRequest = """
        {
        	"subject": {{ toJson .Insecure.CR.Subject }},
        	"dnsNames": {{ toJson .Insecure.CR.DNSNames }},
        	"emailAddresses": {{ toJson .Insecure.CR.EmailAddresses }},
        	"ipAddresses": {{ toJson .Insecure.CR.IPAddresses }},
        	"uris": {{ toJson .Insecure.CR.URIs }},
        	"keyUsage": ["digitalSignature"],
        	"extKeyUsage": ["serverAuth", "clientAuth"]
        }
        """;

    public static IReadOnlyList<TemplateCase> Cases { get; } =
    [
        new("default leaf", Leaf),
        new("default leaf, RSA", Leaf) { IsRsa = true },
        new("names of the request", OfRequest),
        new("device", File.ReadAllText(Shipped("device-leaf.tpl"))),
        new("service", File.ReadAllText(Shipped("service-leaf.tpl"))) { Sans = ["device-1.test", "b.test", "192.0.2.7", "2001:db8::7"] },
        new("service, RSA", File.ReadAllText(Shipped("service-leaf.tpl"))) { Sans = ["device-1.test", "192.0.2.7"], IsRsa = true },
        new("service without an address", File.ReadAllText(Shipped("service-leaf.tpl"))) { Sans = ["device-1.test"] },
        new("service with names of no service", File.ReadAllText(Shipped("service-leaf.tpl"))) { IsRefused = true },
        new("x5c-leaf", Leaf) { IsX5c = true },
        new("x5c-credential", """
            {"subject":{"commonName":{{ toJson .AuthorizationCrt.Subject.CommonName }},"organization":{{ toJson .AuthorizationCrt.Subject.Organization }},"serialNumber":{{ printf "%v" .AuthorizationCrt.SerialNumber | toJson }}},
             "dnsNames":{{ toJson .AuthorizationCrt.DNSNames }},"emailAddresses":{{ toJson .AuthorizationCrt.EmailAddresses }},"ipAddresses":{{ toJson .AuthorizationCrt.IPAddresses }},
             "uris":[{{ range $i, $uri := .AuthorizationCrt.URIs }}{{ if $i }},{{ end }}{{ printf "%v" $uri | toJson }}{{ end }}],"keyUsage":["digitalSignature"],"extKeyUsage":["clientAuth"]}
            """) { IsX5c = true },
        new("x5c-fleet", """{{ if ne .AuthorizationCrt.Issuer.CommonName "Another" }}{{ fail "not of that fleet" }}{{ end }}{"subject":{{ toJson .Subject }}}""") { IsX5c = true, IsRefused = true },
        new("no certificate of a JWK token", """{"subject":{"commonName":{{ toJson .Subject.CommonName }},"organization":{{ if .AuthorizationCrt }}"a"{{ else }}"none"{{ end }}},"sans":{{ toJson .SANs }}}"""),
        new("subject of the provisioner", """{"subject":{"commonName":{{ toJson .Subject.CommonName }},"organization":{{ toJson .Organization }},"organizationalUnit":{{ toJson .Units }},"country":"DE","province":"Berlin","locality":"Berlin","streetAddress":"Street 1","postalCode":"10115","serialNumber":"42"},"sans":{{ toJson .SANs }},"keyUsage":["digitalSignature"],"extKeyUsage":["clientAuth"]}""")
            { TemplateData = """{"Organization":"Ops","Units":["a","b"]}""" },
        new("user data", """{"subject":{"commonName":{{ toJson .Subject.CommonName }},"organizationalUnit":{{ toJson .Insecure.User.unit }}},"sans":{{ toJson .SANs }},"keyUsage":["digitalSignature"]}""") { UserData = """{"unit":"line <7> & \"8\""}""" },
        new("user data that is missing", """{"subject":{{ toJson .Subject }},{{ with .Insecure.User }}"uris":["urn:x"],{{ end }}"sans":{{ toJson .SANs }}}"""),
        new("token", """{"subject":{"commonName":{{ toJson .Token.sub }},"organization":{{ toJson .Token.iss }}},"dnsNames":[{{ range $i, $s := slice .Token.sans 0 2 }}{{ if $i }},{{ end }}{{ toJson (printf "%d.%s" $i (trimPrefix "*." $s)) }}{{ end }}],"keyUsage":["digitalSignature"]}"""),
        new("common name alone", """{"subject":"cn.test","dnsNames":"cn.test"}"""),
        new("no subject", """{"dnsNames":["a.test"],"keyUsage":["digitalSignature"],"extKeyUsage":["serverAuth"]}"""),
        new("organization without a common name", """{"subject":{"organization":"Ops"},"dnsNames":["a.test"]}"""),
        new("typed sans", """{"subject":"x","sans":[{"type":"dns","value":"a.test"},{"type":"ip","value":"192.0.2.1"},{"type":"ip","value":"2001:db8::1"},{"type":"email","value":"a@a.test"},{"type":"uri","value":"https://a.test/x"},{"type":"auto","value":"b.test"},{"value":"192.0.2.2"}]}"""),
        new("all key usages of a leaf", """{"subject":"x","dnsNames":["a.test"],"keyUsage":["digitalSignature","contentCommitment","keyEncipherment","dataEncipherment","keyAgreement","decipherOnly"]}"""),
        new("extended key usages", """{"subject":"x","dnsNames":["a.test"],"extKeyUsage":["codeSigning","emailProtection","timeStamping","ipsecUser","serverAuth"],"unknownExtKeyUsage":["1.3.6.1.4.1.311.20.2.2"]}"""),
        new("extra names", """{"subject":{"commonName":"x","extraNames":[{"type":"1.2.840.113549.1.9.1","value":"a@a.test"},{"type":"0.9.2342.19200300.100.1.1","value":"uid-1"}]},"dnsNames":["a.test"]}"""),
        new("extensions", """{"subject":"x","dnsNames":["a.test"],"extensions":[{"id":"1.3.6.1.4.1.99999.1","critical":false,"value":{{ b64enc "abc" | toJson }}},{"id":"1.3.6.1.4.1.99999.2","critical":true,"value":"BQA="}]}"""),
        new("policies and addresses", """{"subject":"x","dnsNames":["a.test"],"policyIdentifiers":["1.3.6.1.4.1.99999.7","2.23.140.1.2.1"],"crlDistributionPoints":["http://a.test/1.crl","http://a.test/2.crl"],"ocspServer":["http://a.test/ocsp"],"issuingCertificateURL":"http://a.test/ca.crt"}"""),
        new("no CA", """{"subject":"x","dnsNames":["a.test"],"basicConstraints":{"isCA":false,"maxPathLen":0}}"""),
        new("control", """{{ $names := list }}{{ range .SANs }}{{ if eq .Type "dns" }}{{ $names = append $names (.Value | upper | lower) }}{{ end }}{{ end }}{{ define "q" }}{{ toJson . }}{{ end }}{"subject":{"commonName":{{ template "q" (first $names) }},"organization":{{ with .Missing }}"a"{{ else }}"b"{{ end }}},"dnsNames":[{{ range $i, $n := $names }}{{ if $i }}, {{ end }}{{ template "q" $n }}{{ end }}]{{- /* comment */ -}} }"""),
        new("refusal", """{{ if not .Insecure.User.ok }}{{ fail "say ok" }}{{ end }}{"subject":{{ toJson .Subject }}}""") { IsRefused = true },
        new("rendering that fails", """{"subject":{{ upper 5 }}}""") { IsRefused = true },
        new("no JSON", """{"subject":{{ .Subject.CommonName }}}""") { IsRefused = true },
        new("CA certificate", File.ReadAllText(Shipped("tenant-sub-ca.tpl"))) { TemplateData = """{"permittedURIDomains":["acme.iot.example"],"excludedDNSDomains":["provider.example"]}""", IsRefusedHere = true },
        new("usages of a CA", """{"subject":"x","dnsNames":["a.test"],"keyUsage":["certSign","crlSign"]}""") { IsRefusedHere = true },
        new("OCSP responder", """{"subject":"x","dnsNames":["a.test"],"extKeyUsage":["ocspSigning"]}""") { IsRefusedHere = true },
        new("forged provisioner", """{"subject":"x","dnsNames":["a.test"],"extensions":[{"id":"2.5.29.19","critical":true,"value":"MAMBAf8="}]}""") { IsRefusedHere = true },
    ];

    /// <summary>Each is evaluated by both, and its result compared as text.</summary>
    public static IReadOnlyList<string> Expressions { get; } =
    [
        "trim \"  a \"", "trimPrefix \"a\" \"abc\"", "trimSuffix \"c\" \"abc\"", "trimAll \"$\" \"$5$\"", "lower \"ABC\"", "upper \"abc\"", "title \"hello world\"", "untitle \"Hello World\"",
        "repeat 3 \"ab\"", "substr 0 2 \"abc\"", "substr -1 2 \"abc\"", "substr 1 -1 \"abc\"", "trunc 2 \"abc\"", "trunc -2 \"abc\"", "contains \"b\" \"abc\"", "hasPrefix \"a\" \"abc\"", "hasSuffix \"a\" \"abc\"",
        "quote \"a\\\"b\" 1 nil", "squote \"a\" 1", "cat \"a\" 1 nil true", "indent 2 \"a\\nb\"", "nindent 1 \"a\"", "replace \"a\" \"b\" \"banana\"", "plural \"one\" \"many\" 1", "snakecase \"FirstName\"",
        "camelcase \"http_server\"", "kebabcase \"FirstName\"", "swapcase \"aBc\"", "initials \"First Try\"", "nospace \"a b c\"",
        "split \"-\" \"a-b-c\"", "splitn \"-\" 2 \"a-b-c\"", "splitList \"-\" \"a-b-c\"", "splitList \"\" \"abc\"", "join \"-\" (list 1 \"a\" nil true)", "sortAlpha (list \"b\" \"a\" 1)", "toString 1.5", "toStrings (list 1 \"a\")",
        "regexMatch \"^[a-c]+$\" \"abc\"", "regexMatch \"^a$\" \"a\\n\"", "regexFind \"[0-9]+\" \"a12b3\"", "regexFindAll \"[0-9]\" \"a12b3\" -1", "regexReplaceAll \"a(x*)b\" \"-ab-axxb-\" \"${1}W\"",
        "regexReplaceAll \"a(x*)b\" \"-ab-axxb-\" \"$1W\"", "regexReplaceAllLiteral \"a(x*)b\" \"-ab-axxb-\" \"${1}\"", "regexSplit \"z+\" \"pizza\" -1", "regexSplit \"\" \"abc\" 2", "regexQuoteMeta \"1.2.3\"",
        "default \"d\" \"\"", "default \"d\" 0", "default \"d\" \"x\"", "empty (list)", "empty 0.0", "coalesce \"\" 0 \"c\"", "ternary 1 2 true", "all 1 \"\"", "any 1 \"\"", "typeOf 1", "typeOf 1.5", "typeOf \"a\"", "typeOf (list)",
        "typeOf (dict)", "typeOf nil", "kindOf 1.5", "kindOf (list)", "kindOf (dict)", "kindIs \"int\" 1", "typeIs \"string\" \"a\"", "typeIsLike \"string\" \"a\"", "deepEqual (list 1) (list 1)",
        "list 1 2", "first (list 1 2)", "last (list 1 2)", "rest (list 1 2 3)", "initial (list 1 2 3)", "append (list 1) 2", "prepend (list 1) 2", "concat (list 1) (list 2)", "reverse (list 1 2)", "uniq (list 1 1 2)",
        "without (list 1 2 3) 2", "has 1 (list 1 2)", "has 1.0 (list 1 2)", "compact (list 1 0 \"\")", "slice (list 1 2 3) 1", "slice (list 1 2 3) 1 2", "until 3", "untilStep 0 6 2", "seq 3", "chunk 2 (list 1 2 3)",
        "dict \"b\" 1 \"a\" 2 \"c\"", "get (dict \"a\" 1) \"a\"", "get (dict) \"a\"", "hasKey (dict \"a\" 1) \"a\"", "keys (dict \"a\" 1)", "values (dict \"a\" 1)", "pick (dict \"a\" 1 \"b\" 2) \"a\"", "omit (dict \"a\" 1 \"b\" 2) \"a\"",
        "pluck \"a\" (dict \"a\" 1) (dict \"a\" 2)", "dig \"a\" \"b\" \"-\" (dict \"a\" (dict \"b\" 1))", "dig \"a\" \"x\" \"-\" (dict \"a\" (dict \"b\" 1))", "merge (dict \"a\" 1) (dict \"a\" 2 \"b\" 3)", "mergeOverwrite (dict \"a\" 1) (dict \"a\" 2)",
        "set (dict) \"a\" 1", "unset (dict \"a\" 1 \"b\" 2) \"a\"",
        "add 1 2", "add 1.7 \"2\"", "add1 1", "sub 5 2", "mul 2 3", "div 7 2", "mod 7 2", "max 1 5", "min 1 5", "ceil 1.2", "floor 1.8", "round 1.255 2", "int \"7\"", "int 7.9", "int64 true", "float64 \"1.5\"", "atoi \"x\"", "toDecimal \"777\"",
        "addf 1.5 2", "mulf 2 1.5", "divf 1 4", "maxf 1 2.5",
        "toJson \"<a&b>\"", "toRawJson \"<a>\"", "toJson (dict \"a\" (list 1 1.5 nil true))", "toPrettyJson (dict \"a\" 1)", "fromJson \"{\\\"a\\\":[1]}\"", "toJson 1e21", "toJson 1.5e-7", "toJson 100000000.0",
        "b64enc \"abc\"", "b64dec \"YWJj\"", "b32enc \"abc\"", "b32dec \"MFRGG===\"", "sha1sum \"abc\"", "sha256sum \"abc\"", "adler32sum \"abc\"",
        "printf \"%s|%d|%v|%q|%x|%t\" \"a\" 1 (list 1) \"q\" 255 true", "printf \"%5d|%-5s|%05d|%+d\" 1 \"a\" 42 7", "printf \"%.2f %e %g\" 1.005 1500.0 1e6", "printf \"%s\" 1", "printf \"%d\" \"a\"", "printf \"%d\"", "printf \"a\" 1", "printf \"%T %T\" 1 \"a\"",
        "print 1 2 \"a\" \"b\" 3", "println \"a\" 1", "len \"abc\"", "len (list 1)", "index (list 1 2) 1", "index (dict \"a\" 1) \"a\"", "eq 1 1", "eq 1 2 1", "ne \"a\" \"b\"", "lt 1.5 2.5", "ge \"b\" \"a\"", "and 1 0", "or 0 \"\"", "not 1", "urlquery \"a b&c\"",
        "1e6", "123456.0", "1234567.0", "0.0001", "0.00001", "1e20", "0x1F", "'a'", "-5", "true", "`raw\\n`", "\"\\u00e9\\t\"", ".Token.exp", ".Token.missing", ".Subject", ".SANs", ".Token.sans", "toJson .Token.sans", "toJson .Subject",
        "(index .SANs 0).Type", "kindOf .Subject", "typeOf .Subject", "typeOf .Token", "len .SANs", "toJson .Insecure.CR.Subject", "toJson .Insecure.CR.DNSNames", ".Insecure.CR.Version", "typeOf .Insecure.CR.PublicKey",
    ];

    /// <summary>Of a token that a certificate's key signed.</summary>
    public static IReadOnlyList<string> CredentialExpressions { get; } =
    [
        ".AuthorizationCrt.Subject.CommonName", "toJson .AuthorizationCrt.Subject.Organization", "first .AuthorizationCrt.Subject.OrganizationalUnit", "len .AuthorizationCrt.Subject.Country", ".AuthorizationCrt.Issuer.CommonName",
        ".AuthorizationCrt.SerialNumber", ".AuthorizationCrt.NotBefore", "toJson .AuthorizationCrt.NotAfter", "toJson .AuthorizationCrt.DNSNames", "index .AuthorizationCrt.DNSNames 0", "toJson .AuthorizationCrt.EmailAddresses",
        "toJson .AuthorizationCrt.IPAddresses", "index .AuthorizationCrt.URIs 0", "toJson .AuthorizationCrt.Raw", "typeOf .AuthorizationCrt", ".Token.iss",
    ];

    public static string Shipped(string name) => Path.Combine(IoTPlatform.Testing.Tools.RepositoryRoot, "deploy", "templates", name);
}
