using System.Text.Json;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>What a provisioner grants in its own way, by the names that step-ca has for it (<c>claims</c>); for the rest the authority's defaults hold.</summary>
internal sealed record ProvisionerClaims
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(3653);

    private static readonly string[] Ssh =
        ["enableSSHCA", "minUserSSHCertDuration", "maxUserSSHCertDuration", "defaultUserSSHCertDuration", "minHostSSHCertDuration", "maxHostSSHCertDuration", "defaultHostSSHCertDuration"];

    public required TimeSpan MinLifetime { get; init; }

    /// <summary>With the default and the longest lifetime.</summary>
    public required CertificateProfile Profile { get; init; }

    public bool DisableRenewal { get; init; }

    /// <summary>Whether a certificate that has ended is renewed for a token of its key, as if it had not.</summary>
    public bool AllowRenewalAfterExpiry { get; init; }

    /// <summary>Whether step-ca's provisioner extension is left out of the certificates.</summary>
    public bool DisableExtension { get; init; }

    /// <summary>Those of the authority.</summary>
    public static ProvisionerClaims Default(CertificateAuthorityOptions options) => new() { MinLifetime = options.MinLeafLifetime, Profile = LeafProfiles.Leaf(options) };

    /// <summary>Throws 422 for claims that contradict each other, or are not understood.</summary>
    public static ProvisionerClaims Of(ProvisionerDefinition definition, CertificateAuthorityOptions options) => Of(options, definition["claims"]);

    /// <summary>Of several sets of claims, where a later one says otherwise than an earlier.</summary>
    public static ProvisionerClaims Of(CertificateAuthorityOptions options, params ReadOnlySpan<JsonElement?> claims)
    {
        var given = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var set in claims)
        {
            if (set is { ValueKind: not JsonValueKind.Object })
            {
                throw ProvisionerDefinition.Refused("its claims are no JSON object.");
            }

            foreach (var claim in set is { } some ? some.EnumerateObject().Where(claim => claim.Value.ValueKind != JsonValueKind.Null) : [])
            {
                given[claim.Name] = claim.Value;
            }
        }

        var min = Lifetime("minTLSCertDuration");
        var max = Lifetime("maxTLSCertDuration");
        var usual = Lifetime("defaultTLSCertDuration");
        var (disableRenewal, disableExtension, afterExpiry) = (Flag("disableRenewal"), Flag("disableSmallstepExtensions"), Flag("allowRenewalAfterExpiry"));
        if (given.Keys.Except(Ssh, StringComparer.Ordinal).FirstOrDefault() is { } unknown)
        {
            throw ProvisionerDefinition.Refused($"its claim {unknown} is not supported.");
        }

        // What was not asked for gives way to what was.
        var shortest = min ?? (max < options.MinLeafLifetime ? max.Value : options.MinLeafLifetime);
        var longest = max ?? new[] { options.MaxLeafLifetime, shortest, usual ?? TimeSpan.Zero }.Max();
        var common = usual ?? (options.DefaultLeafLifetime < shortest ? shortest : options.DefaultLeafLifetime > longest ? longest : options.DefaultLeafLifetime);
        return shortest <= common && common <= longest
            ? new ProvisionerClaims
            {
                MinLifetime = shortest,
                Profile = Profiles.Leaf with { DefaultLifetime = common, MaxLifetime = longest },
                DisableRenewal = disableRenewal,
                AllowRenewalAfterExpiry = afterExpiry,
                DisableExtension = disableExtension,
            }
            : throw ProvisionerDefinition.Refused(
                $"its claims contradict each other: at least {TimeOrDuration.Format(shortest)}, {TimeOrDuration.Format(common)} by default, at most {TimeOrDuration.Format(longest)}.");

        TimeSpan? Lifetime(string name) => !given.Remove(name, out var value) || value is { ValueKind: JsonValueKind.String } && value.ValueEquals(""u8) ? null
            : value.ValueKind == JsonValueKind.String && TimeOrDuration.TryParseDuration(value.GetString(), out var duration) && duration >= Shortest && duration <= Longest ? duration
            : throw ProvisionerDefinition.Refused($"its claim {name} is no duration from {TimeOrDuration.Format(Shortest)} to {TimeOrDuration.Format(Longest)}, such as 24h.");

        bool Flag(string name) => given.Remove(name, out var value) && ProvisionerDefinition.FlagOf(value, name);
    }
}
