using System.Text.Json;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>What a template may use of an order, by step-ca's names.</summary>
internal sealed record TemplateInput
{
    /// <summary>What the credential vouches for: <c>.Subject</c> and <c>.SANs</c>.</summary>
    public required SubjectNames Names { get; init; }

    /// <summary><c>.Insecure.CR</c>.</summary>
    public required CertificateSigningRequest Request { get; init; }

    /// <summary>Claims of the token, JSON: <c>.Token</c>. Empty: the credential is none.</summary>
    public ReadOnlyMemory<byte> Token { get; init; }

    /// <summary>DER of the certificate that signed the token and of its issuers: <c>.AuthorizationCrt</c>, <c>.AuthorizationChain</c>.</summary>
    public IReadOnlyList<byte[]> Credential { get; init; } = [];

    /// <summary>What the credential says beside its names: the organization of <c>.Subject</c>, and claims such as <c>.Oidc</c>.</summary>
    public VouchedContents? Vouched { get; init; }

    /// <summary>What the provisioner's inventory says of the credential: <c>.Inventory</c>.</summary>
    public JsonElement? Inventory { get; init; }

    /// <summary><c>templateData</c> of the request: <c>.Insecure.User</c>. What is no object counts as an empty one.</summary>
    public JsonElement? UserData { get; init; }

    /// <summary>Answers of enriching webhooks by their names: <c>.Webhooks</c>.</summary>
    public IReadOnlyDictionary<string, JsonElement> Webhooks { get; init; } = new Dictionary<string, JsonElement>(StringComparer.Ordinal);

    /// <param name="own"><c>templateData</c> of the provisioner, an object: goes over the rest, but for what is insecure, what else was vouched for, the inventory and the webhooks.</param>
    public Dictionary<string, object?> ToDot(JsonElement? own)
    {
        var dot = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["Subject"] = Subject(),
            ["SANs"] = new GoList("[]x509util.SubjectAlternativeName", [.. Sans()]),
        };
        if (!Token.IsEmpty)
        {
            using var claims = JsonDocument.Parse(Token);
            dot["Token"] = GoJson.Of(claims.RootElement);
        }

        if (Credential.Count > 0)
        {
            var chain = Credential.Select(CredentialData.Of).ToArray();
            dot["AuthorizationCrt"] = chain[0];
            dot["AuthorizationChain"] = new GoList("[]*x509.Certificate", chain);
        }

        foreach (var member in own is { ValueKind: JsonValueKind.Object } data ? data.EnumerateObject() : default)
        {
            dot[member.Name] = GoJson.Of(member.Value);
        }

        var insecure = new Dictionary<string, object?>(StringComparer.Ordinal) { ["CR"] = RequestData.Of(Request) };
        if (UserData is { } user)
        {
            insecure["User"] = user.ValueKind == JsonValueKind.Object ? GoJson.Of(user) : new Dictionary<string, object?>(StringComparer.Ordinal);
        }

        dot["Insecure"] = insecure;
        foreach (var (name, claims) in Vouched?.Claims ?? new Dictionary<string, JsonElement>(StringComparer.Ordinal))
        {
            dot[name] = GoJson.Of(claims);
        }

        if (Inventory is { } entry)
        {
            dot["Inventory"] = GoJson.Of(entry);
        }

        if (Webhooks.Count > 0)
        {
            dot["Webhooks"] = Webhooks.ToDictionary(answer => answer.Key, answer => GoJson.Of(answer.Value), StringComparer.Ordinal);
        }

        return dot;
    }

    private GoStruct Subject() => Vouched is null ? SubjectData.OfCommonName("x509util.Subject", Names.CommonName)
        : SubjectData.Of("x509util.Subject", [new SubjectAttribute(SubjectAttributes.Organization, Vouched.Organization), new SubjectAttribute(SubjectAttributes.CommonName, Names.CommonName ?? "")]);

    private IEnumerable<GoStruct> Sans() =>
        Names.Dns.Select(name => Of("dns", name))
            .Concat(Names.Ip.Select(address => Of("ip", address.ToString())))
            .Concat(Names.Emails.Select(address => Of("email", address)))
            .Concat(Names.Uris.Select(uri => Of("uri", uri)))
            .Concat(Names.PermanentIdentifiers.Select(identifier => Of("permanentIdentifier", identifier)));

    private static GoStruct Of(string type, string value) => new(
        "x509util.SubjectAlternativeName", new("Type", "type", type), new("Value", "value", value), new("ASN1Value", "asn1Value", GoList.Nil("json.RawMessage"), OmitEmpty: true));
}
