using System.Text.Json;
using IoTPlatform.CertificateAuthority.Budgets;
using IoTPlatform.CertificateAuthority.Inventories;
using IoTPlatform.CertificateAuthority.Templates;
using IoTPlatform.CertificateAuthority.Webhooks;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>What a provisioner says of its certificates' contents (step-ca's <c>options</c>).</summary>
internal sealed record ProvisionerOptions
{
    public static ProvisionerOptions None { get; } = new();

    /// <summary>Null: the profile's contents.</summary>
    public LeafTemplate? Template { get; private init; }

    /// <summary>Asked before a certificate is signed, in this order.</summary>
    public IReadOnlyList<Webhook> Webhooks { get; private init; } = [];

    /// <summary>Name of the inventory that has its credentials; null: it certifies every genuine one.</summary>
    public string? Inventory { get; private init; }

    /// <summary>Name of the issuer that signs its leaves; null: the stack's own.</summary>
    public string? Issuer { get; private init; }

    /// <summary>How many it gives out.</summary>
    public ProvisionerLimits Limits { get; private init; } = ProvisionerLimits.None;

    /// <summary>Of an ACME provisioner: see <see cref="Acme.WireOptions"/>.</summary>
    public JsonElement? Wire { get; private init; }

    /// <summary>Throws 422 for options that are not understood. Those of SSH are kept and mean nothing here.</summary>
    public static ProvisionerOptions Of(ProvisionerDefinition definition)
    {
        if (definition["options"] is not { } options)
        {
            return None;
        }

        var read = None;
        foreach (var member in Members(options, "options"))
        {
            read = member.Name switch
            {
                "x509" => read with { Template = LeafTemplate.Of(member.Value) },
                "webhooks" => read with { Webhooks = Webhook.Of(member.Value) },
                "inventory" => read with { Inventory = InventoryOf(member.Value) },
                "issuer" => read with { Issuer = IssuerOf(member.Value) },
                "limits" => read with { Limits = ProvisionerLimits.Of(member.Value) },
                "wire" when definition.Type.Equals(Acme.AcmeProvisioner.Acme, StringComparison.OrdinalIgnoreCase) => read with { Wire = member.Value },
                "ssh" => read,
                _ => throw ProvisionerDefinition.Refused($"{member.Name} of its options is not supported."),
            };
        }

        return read;
    }

    private static string? InventoryOf(JsonElement name) => name.ValueKind == JsonValueKind.String && CredentialInventories.IsName(name.GetString()!)
        ? name.GetString()
        : throw ProvisionerDefinition.Refused("its inventory is no name of one.");

    private static string? IssuerOf(JsonElement name) => name.ValueKind == JsonValueKind.String && name.GetString() is { Length: > 0 } text
        ? text
        : throw ProvisionerDefinition.Refused("its issuer is no name of one.");

    private static IEnumerable<JsonProperty> Members(JsonElement json, string name) => json.ValueKind == JsonValueKind.Object
        ? json.EnumerateObject().Where(member => member.Value.ValueKind != JsonValueKind.Null)
        : throw ProvisionerDefinition.Refused($"its {name} are no JSON object.");
}
