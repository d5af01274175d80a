using System.Text.Json;
using System.Text.Json.Nodes;

namespace IoTPlatform.CertificateAuthority.Administration;

/// <summary>Name policies as the administration API writes them, and as ca.json does.</summary>
internal static class LinkedPolicy
{
    private static readonly (string Linked, string Stored)[] Kinds = [("dns", "dns"), ("ips", "ip"), ("emails", "email"), ("uris", "uri"), ("commonNames", "cn")];

    /// <summary>As ca.json writes it.</summary>
    public static JsonObject Read(LinkedJson policy)
    {
        var stored = new JsonObject();
        if (policy.Object("x509") is { } x509)
        {
            stored.With("x509", new JsonObject().With("allow", Names(x509.Object("allow"))).With("deny", Names(x509.Object("deny"))).With("allowWildcardNames", x509.Flag("allowWildcardNames")));
            x509.RequireEmpty();
        }

        // Empty ones come with every policy.
        foreach (var kind in policy.Object("ssh") is { } ssh ? new[] { ssh.Object("host"), ssh.Object("user") } : [])
        {
            foreach (var list in kind is null ? [] : new[] { kind.Object("allow"), kind.Object("deny") })
            {
                list?.RequireEmpty();
            }

            kind?.RequireEmpty();
        }

        policy.RequireEmpty();
        return stored;
    }

    public static JsonObject Write(JsonElement policy)
    {
        var linked = new JsonObject();
        if (policy.TryGetProperty("x509", out var rules) && rules.ValueKind == JsonValueKind.Object)
        {
            linked["x509"] = new JsonObject().With("allow", List(rules, "allow")).With("deny", List(rules, "deny"))
                .With("allowWildcardNames", rules.TryGetProperty("allowWildcardNames", out var wildcards) && wildcards.ValueKind == JsonValueKind.True);
        }

        return linked;
    }

    private static JsonObject? Names(LinkedJson? names)
    {
        if (names is null)
        {
            return null;
        }

        var stored = new JsonObject();
        foreach (var (linked, kind) in Kinds)
        {
            stored.With(kind, Array(names.Texts(linked)));
        }

        names.RequireEmpty();
        return stored;
    }

    private static JsonObject? List(JsonElement rules, string list)
    {
        if (!rules.TryGetProperty(list, out var names) || names.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        var linked = new JsonObject();
        foreach (var (name, kind) in Kinds)
        {
            linked.With(name, names.TryGetProperty(kind, out var some) ? JsonNode.Parse(some.GetRawText()) : null);
        }

        return linked;
    }

    internal static JsonArray Array(IEnumerable<string> texts) => new([.. texts.Select(text => JsonValue.Create(text))]);
}
