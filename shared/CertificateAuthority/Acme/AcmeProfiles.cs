using System.Text.Json;
using IoTPlatform.CertificateAuthority.Provisioners;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>
/// What an order may ask for by name (draft-ietf-acme-profiles): lifetimes of their own, described to people. In the definition
/// <c>"profiles": {"short": {"description": "six hours", "claims": {"defaultTLSCertDuration": "6h"}}}</c>, whose claims stand over the provisioner's.
/// </summary>
internal sealed class AcmeProfiles
{
    private const int Most = 20;
    private const int LongestName = 64;

    private readonly Dictionary<string, ProvisionerClaims> _claims = new(StringComparer.Ordinal);

    private AcmeProfiles()
    {
    }

    /// <summary>By name, for the directory; null: there are none.</summary>
    public IReadOnlyDictionary<string, string>? Descriptions { get; private init; }

    /// <summary>Throws 422 for profiles that can't be used.</summary>
    public static AcmeProfiles Of(ProvisionerDefinition definition, CertificateAuthorityOptions options)
    {
        if (definition["profiles"] is not { } json)
        {
            return new AcmeProfiles();
        }

        if (json.ValueKind != JsonValueKind.Object || json.EnumerateObject().Count() > Most)
        {
            throw ProvisionerDefinition.Refused($"its profiles are no JSON object of at most {Most} members.");
        }

        var descriptions = new Dictionary<string, string>(StringComparer.Ordinal);
        var profiles = new AcmeProfiles { Descriptions = descriptions };
        foreach (var profile in json.EnumerateObject())
        {
            if (profile.Name.Length is 0 or > LongestName || profile.Value.ValueKind != JsonValueKind.Object)
            {
                throw ProvisionerDefinition.Refused($"a profile has no name of at most {LongestName} characters, or is no JSON object.");
            }

            if (profile.Value.EnumerateObject().FirstOrDefault(member => member.Name is not ("description" or "claims")) is { Value.ValueKind: not JsonValueKind.Undefined } unknown)
            {
                throw ProvisionerDefinition.Refused($"the member {unknown.Name} of its profile {profile.Name} is not supported.");
            }

            descriptions[profile.Name] = profile.Value.TryGetProperty("description", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString()! : "";
            profiles._claims[profile.Name] = ProvisionerClaims.Of(options, definition["claims"], profile.Value.TryGetProperty("claims", out var claims) ? claims : null);
        }

        return profiles;
    }

    /// <summary>Throws <c>invalidProfile</c>.</summary>
    public ProvisionerClaims Require(string name) =>
        _claims.TryGetValue(name, out var claims) ? claims : throw AcmeException.Of("invalidProfile", "The directory names no such profile.", 400);
}
