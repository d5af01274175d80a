using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Provisioners;

namespace IoTPlatform.CertificateAuthority.Administration;

/// <summary>What a provisioner of one type says beside what all say: its names in the administration API, and in ca.json.</summary>
/// <param name="Type">As the API names it.</param>
/// <param name="Name">Of the member that has it.</param>
/// <param name="Fields">Its members.</param>
internal sealed record LinkedDetails(string Type, string Name, params IReadOnlyList<LinkedField> Fields)
{
    private static readonly LinkedField CustomSans = new("disableCustomSans", "disableCustomSANs", LinkedKind.Flag);
    private static readonly LinkedField FirstUse = new("disableTrustOnFirstUse", "disableTrustOnFirstUse", LinkedKind.Flag);
    private static readonly LinkedField InstanceAge = new("instanceAge", "instanceAge", LinkedKind.Text);

    public static IReadOnlyList<LinkedDetails> All { get; } =
    [
        new("JWK", "JWK", new LinkedField("publicKey", "key", LinkedKind.JsonBytes), new LinkedField("encryptedPrivateKey", "encryptedKey", LinkedKind.TextBytes)),
        new(
            "OIDC", "OIDC", new LinkedField("clientId", "clientID", LinkedKind.Text), new LinkedField("clientSecret", "clientSecret", LinkedKind.Text),
            new LinkedField("configurationEndpoint", "configurationEndpoint", LinkedKind.Text), new LinkedField("admins", "admins", LinkedKind.Texts), new LinkedField("domains", "domains", LinkedKind.Texts),
            new LinkedField("groups", "groups", LinkedKind.Texts), new LinkedField("listenAddress", "listenAddress", LinkedKind.Text), new LinkedField("tenantId", "tenantID", LinkedKind.Text),
            new LinkedField("scopes", "scopes", LinkedKind.Texts), new LinkedField("authParams", "authParams", LinkedKind.Texts)),
        new(
            "GCP", "GCP", new LinkedField("serviceAccounts", "serviceAccounts", LinkedKind.Texts), new LinkedField("projectIds", "projectIDs", LinkedKind.Texts),
            new LinkedField("organizationId", "organizationID", LinkedKind.Text), CustomSans, FirstUse, InstanceAge),
        new("AWS", "AWS", new LinkedField("accounts", "accounts", LinkedKind.Texts), CustomSans, FirstUse, InstanceAge),
        new(
            "AZURE", "Azure", new LinkedField("tenantId", "tenantID", LinkedKind.Text), new LinkedField("resourceGroups", "resourceGroups", LinkedKind.Texts),
            new LinkedField("subscriptionIds", "subscriptionIDs", LinkedKind.Texts), new LinkedField("objectIds", "objectIDs", LinkedKind.Texts), new LinkedField("audience", "audience", LinkedKind.Text), CustomSans, FirstUse),
        new(
            "ACME", "ACME", new LinkedField("forceCn", "forceCN", LinkedKind.Flag), new LinkedField("requireEab", "requireEAB", LinkedKind.Flag),
            new LinkedField("challenges", "challenges", LinkedKind.Names, "UNKNOWN", "HTTP_01", "DNS_01", "TLS_ALPN_01", "DEVICE_ATTEST_01"),
            new LinkedField("attestationFormats", "attestationFormats", LinkedKind.Names, "NONE", "APPLE", "STEP", "TPM"), new LinkedField("attestationRoots", "attestationRoots", LinkedKind.Pem),
            new LinkedField("termsOfService", "termsOfService", LinkedKind.Text), new LinkedField("website", "website", LinkedKind.Text), new LinkedField("caaIdentities", "caaIdentities", LinkedKind.Texts)),
        new("X5C", "X5C", new LinkedField("roots", "roots", LinkedKind.Pem)),
        new("K8SSA", "K8sSA", new LinkedField("publicKeys", "publicKeys", LinkedKind.Pem)),
    ];

    /// <summary>In the order of their numbers.</summary>
    public static IReadOnlyList<string> Types { get; } = ["NOOP", "JWK", "OIDC", "GCP", "AWS", "AZURE", "ACME", "X5C", "K8SSA", "SSHPOP", "SCEP", "NEBULA"];

    /// <summary>Null: there is no such type here.</summary>
    public static LinkedDetails? Of(string type) => All.FirstOrDefault(one => one.Type.Equals(type, StringComparison.OrdinalIgnoreCase));
}

internal enum LinkedKind
{
    Text,
    Texts,
    Flag,

    /// <summary>A text, as bytes.</summary>
    TextBytes,

    /// <summary>A JSON object, as bytes.</summary>
    JsonBytes,

    /// <summary>PEM blocks one by one; in ca.json all of them in base64.</summary>
    Pem,

    /// <summary>A list of an enumeration's: <c>HTTP_01</c> is http-01 in ca.json.</summary>
    Names,
}

/// <param name="Linked">Name in the API.</param>
/// <param name="Stored">Name in ca.json.</param>
/// <param name="Names">Of an enumeration, in the order of their numbers.</param>
internal sealed record LinkedField(string Linked, string Stored, LinkedKind Kind, params IReadOnlyList<string> Names)
{
    private const string PemEnd = "-----END";

    public JsonNode? Read(LinkedJson details) => Kind switch
    {
        LinkedKind.Text => details.Text(Linked),
        LinkedKind.Flag => details.Flag(Linked),
        LinkedKind.Texts => LinkedPolicy.Array(details.Texts(Linked)),
        LinkedKind.Names => LinkedPolicy.Array(details.SomeOf(Linked, Names).Select(name => name.Replace('_', '-').ToLowerInvariant())),
        LinkedKind.TextBytes => details.Bytes(Linked) is { } text ? Encoding.UTF8.GetString(text) : null,
        LinkedKind.JsonBytes => details.Bytes(Linked) is { } json ? Parsed(json) : null,
        _ => details.BytesList(Linked) is { Count: > 0 } blocks ? LinkedWriting.Base64(string.Join('\n', blocks.Select(Encoding.UTF8.GetString))) : null,
    };

    public JsonNode? Write(ProvisionerDefinition definition) => (definition[Stored] ?? (Stored == "tenantID" ? definition["tenantId"] : null)) is not { } value ? null : Kind switch
    {
        LinkedKind.TextBytes => LinkedWriting.Base64(value.GetString()!),
        LinkedKind.JsonBytes => LinkedWriting.Base64(value.GetRawText()),
        LinkedKind.Names => LinkedPolicy.Array(value.EnumerateArray().Select(name => name.GetString()!.Replace('-', '_').ToUpperInvariant())),
        LinkedKind.Pem => LinkedPolicy.Array(Blocks(Encoding.UTF8.GetString(Convert.FromBase64String(value.GetString()!))).Select(LinkedWriting.Base64)),
        _ => JsonNode.Parse(value.GetRawText()),
    };

    private JsonNode Parsed(byte[] json)
    {
        try
        {
            return JsonNode.Parse(json, documentOptions: new() { AllowDuplicateProperties = false }) ?? throw AdminException.BadRequest($"{Linked} is no JSON object");
        }
        catch (System.Text.Json.JsonException e)
        {
            throw AdminException.BadRequest($"{Linked} is no JSON", e);
        }
    }

    private static IEnumerable<string> Blocks(string pem)
    {
        while (pem.IndexOf(PemEnd, StringComparison.Ordinal) is >= 0 and var end)
        {
            var line = pem.IndexOf('\n', end) is >= 0 and var next ? next + 1 : pem.Length;
            yield return pem[..line].TrimStart();
            pem = pem[line..];
        }
    }
}
