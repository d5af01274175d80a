using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>Authorises by what an order has proven: an ACME server of its own, with its own accounts.</summary>
internal sealed class AcmeProvisioner : IProvisioner, IDisposable
{
    public const string Acme = "ACME";

    /// <summary>step's type number of ACME provisioners.</summary>
    private const int ExtensionType = 6;

    private static readonly string[] UsualChallenges = ["http-01", "dns-01", "tls-alpn-01"];
    private static readonly string[] AllChallenges = [.. UsualChallenges, DeviceAttestChallenge.Kind, WireOidcChallenge.Kind, WireDpopChallenge.Kind];

    private readonly ProvisionerDefinition _definition;
    private readonly StepProvisionerExtension _extension;
    private readonly bool _forceCommonName;

    /// <summary>Throws 422 for a definition that can't be used.</summary>
    /// <param name="definition">Its own.</param>
    /// <param name="options">The authority's.</param>
    /// <param name="ownRootKey">SHA-256 of the SubjectPublicKeyInfo of the root that this authority is under.</param>
    /// <param name="time">Of tokens and keys.</param>
    public AcmeProvisioner(ProvisionerDefinition definition, CertificateAuthorityOptions options, byte[] ownRootKey, TimeProvider time)
    {
        definition.RequireKnown("forceCN", "requireEAB", "challenges", "termsOfService", "website", "caaIdentities", "profiles", "attestationFormats", "attestationRoots", "options");
        if (definition.Name is "." or "..")
        {
            throw ProvisionerDefinition.Refused("its name is part of its addresses, which dots alone can't be.");
        }

        _definition = definition;
        Claims = ProvisionerClaims.Of(definition, options);
        Policy = NamePolicy.Of(definition);
        Options = ProvisionerOptions.Of(definition);
        Profiles = AcmeProfiles.Of(definition, options);
        Challenges = ChallengesOf(definition);
        AttestationFormats = FormatsOf(definition);
        AttestationRoots = definition.Roots("attestationRoots") ?? [];
        if (Challenges.Contains(DeviceAttestChallenge.Kind, StringComparer.Ordinal) && AttestationRoots.Count == 0)
        {
            throw ProvisionerDefinition.Refused($"{DeviceAttestChallenge.Kind} needs attestationRoots, the roots of the devices' manufacturers.");
        }

        // Below it are the tenants' Sub-CAs, which would vouch for whatever they like.
        if (AttestationRoots.Any(root => SHA256.HashData(root.PublicKey.ExportSubjectPublicKeyInfo()).AsSpan().SequenceEqual(ownRootKey)))
        {
            throw ProvisionerDefinition.Refused("the platform's own root is no manufacturer's.");
        }

        if (Challenges.FirstOrDefault(challenge => challenge is WireOidcChallenge.Kind or WireDpopChallenge.Kind) is { } wire && Options.Wire is null)
        {
            throw ProvisionerDefinition.Refused($"{wire} needs options.wire, by whose word persons and clients are known.");
        }

        Wire = Options.Wire is { } json ? WireOptions.Of(json, time) : null;
        RequiresExternalAccount = ProvisionerDefinition.FlagOf(definition["requireEAB"], "requireEAB");
        TermsOfService = UrlOf(definition, "termsOfService");
        Website = UrlOf(definition, "website");
        CaaIdentities = definition.Texts("caaIdentities");
        _forceCommonName = ProvisionerDefinition.FlagOf(definition["forceCN"], "forceCN");
        _extension = new StepProvisionerExtension(ExtensionType, Name, "");
        if (CaaIdentities.FirstOrDefault(identity => Uri.CheckHostName(identity) != UriHostNameType.Dns) is { } wrong)
        {
            throw ProvisionerDefinition.Refused($"its caaIdentities have {wrong}, which is no domain name.");
        }
    }

    public string Name => _definition.Name;

    public string Type => Acme;

    public ProvisionerClaims Claims { get; }

    /// <summary>Of what is proven.</summary>
    public NamePolicy? Policy { get; }

    /// <summary>What its certificates contain beside what is proven.</summary>
    public ProvisionerOptions Options { get; }

    /// <summary>What an order may ask for by name.</summary>
    public AcmeProfiles Profiles { get; }

    /// <summary>Kinds of challenge that are offered.</summary>
    public IReadOnlyList<string> Challenges { get; }

    public IReadOnlyList<string> AttestationFormats { get; }

    /// <summary>Of the manufacturers whose devices attest.</summary>
    public IReadOnlyList<X509Certificate2> AttestationRoots { get; }

    /// <summary>By whose word persons and clients of a Wire messenger are known; null: it certifies none.</summary>
    public WireOptions? Wire { get; }

    /// <summary>Whether new accounts are bound to a key that the operator gave out (RFC 8555 7.3.4).</summary>
    public bool RequiresExternalAccount { get; }

    /// <summary>Null: there are none to agree to.</summary>
    public string? TermsOfService { get; }

    public string? Website { get; }

    /// <summary>By which CAA records name this authority (RFC 8659 4.2). Empty: CAA records are not looked at.</summary>
    public IReadOnlyList<string> CaaIdentities { get; }

    /// <summary>The one that is a setting of the host.</summary>
    public static AcmeProvisioner OfHost(string name, CertificateAuthorityOptions options) =>
        new(ProvisionerDefinition.Parse(new JsonObject { ["type"] = Acme, ["name"] = name }.ToJsonString()), options, ownRootKey: [], TimeProvider.System);

    public void Dispose()
    {
        Wire?.Oidc.Dispose();
        Wire?.Dpop.Dispose();
    }

    public void Describe(Utf8JsonWriter json) => _definition.WriteMembers(json);

    /// <summary>Throws <c>invalidProfile</c> for an order of a profile that is gone.</summary>
    public SignGrant Authorize(AcmeOrder order)
    {
        var claims = order.Profile is { } profile ? Profiles.Require(profile) : Claims;
        return new SignGrant
        {
            Subject = order.AccountId,
            CredentialNames = [.. order.Identifiers.Select(identifier => identifier.Name)],
            Names = order.Authorizations is [{ Identifier.Type: AcmeIdentifier.Permanent } device] ? new AttestedNames(device)
                : order.Authorizations.Any(authorization => WireIdentity.IsType(authorization.Identifier.Type)) ? new WireNames(order)
                : new OrderedNames(order, _forceCommonName),
            Vouched = WireLeaf.Of(order),
            Profile = claims.Profile,
            MinLifetime = claims.MinLifetime,
            Extension = claims.DisableExtension ? null : _extension,
        };
    }

    private static IReadOnlyList<string> ChallengesOf(ProvisionerDefinition definition)
    {
        var wanted = definition.Texts("challenges");
        return wanted.Count == 0 ? UsualChallenges
            : wanted.FirstOrDefault(challenge => !AllChallenges.Contains(challenge, StringComparer.OrdinalIgnoreCase)) is { } unknown
                ? throw ProvisionerDefinition.Refused($"its challenges have {unknown}, which is none of {string.Join(", ", AllChallenges)}.")
            : [.. wanted.Select(challenge => challenge.ToLowerInvariant())];
    }

    private static IReadOnlyList<string> FormatsOf(ProvisionerDefinition definition)
    {
        var wanted = definition.Texts("attestationFormats");
        return wanted.Count == 0 ? AttestationFormat.All
            : wanted.FirstOrDefault(format => !AttestationFormat.All.Contains(format, StringComparer.OrdinalIgnoreCase)) is { } unknown
                ? throw ProvisionerDefinition.Refused($"its attestationFormats have {unknown}, which is none of {string.Join(", ", AttestationFormat.All)}.")
            : [.. wanted.Select(format => format.ToLowerInvariant())];
    }

    private static string? UrlOf(ProvisionerDefinition definition, string member) => definition.Text(member) switch
    {
        null or "" => null,
        var text when Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp) => text,
        _ => throw ProvisionerDefinition.Refused($"its {member} is no http(s) address."),
    };
}
