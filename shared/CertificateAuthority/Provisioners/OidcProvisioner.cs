using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using IoTPlatform.Jose;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>
/// Authorises by ID tokens of an identity provider (OpenID Connect Core 1.0 section 3.1.3.7). A person gets a certificate for the own e-mail address and
/// subject, whatever the request says; one of its <c>admins</c> for the names of the request.
/// </summary>
internal sealed class OidcProvisioner : ITokenProvisioner, IDisposable
{
    private const string DiscoveryPath = "/.well-known/openid-configuration";

    /// <summary>step's type number of OIDC provisioners.</summary>
    private const int ExtensionType = 2;

    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(1);

    private readonly ProvisionerDefinition _definition;
    private readonly OidcKeys _keys;
    private readonly JwtPolicy _policy;
    private readonly StepProvisionerExtension _extension;
    private readonly string _issuer;
    private readonly string _client;
    private readonly bool _isTenants;
    private readonly IReadOnlyList<string> _admins;
    private readonly IReadOnlyList<string> _domains;
    private readonly IReadOnlyList<string> _groups;

    /// <summary>Throws 422 for a definition that can't be used. Its keys are fetched for the first token.</summary>
    public OidcProvisioner(ProvisionerDefinition definition, CertificateAuthorityOptions options, TimeProvider time)
    {
        definition.RequireKnown("clientID", "clientSecret", "configurationEndpoint", "admins", "domains", "groups", "listenAddress", "roots", "options");
        _definition = definition;
        _client = definition.RequiredText("clientID");
        var endpoint = definition.RequiredText("configurationEndpoint");
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var discovery) || !IsProtected(discovery) || discovery.Query.Length > 0 || discovery.Fragment.Length > 0)
        {
            throw ProvisionerDefinition.Refused("its configurationEndpoint is no https address.");
        }

        _issuer = endpoint.EndsWith(DiscoveryPath, StringComparison.Ordinal) ? endpoint[..^DiscoveryPath.Length] : endpoint.TrimEnd('/');
        _keys = new OidcKeys(OidcKeys.Client(definition.Roots("roots"), time), new Uri(_issuer + DiscoveryPath), IsIssuer, time);
        (_admins, _domains, _groups) = (definition.Texts("admins"), definition.Texts("domains"), definition.Texts("groups"));
        _isTenants = options.Tenant is not null;
        Claims = ProvisionerClaims.Of(definition, options);
        Policy = NamePolicy.Of(definition);
        Options = ProvisionerOptions.Of(definition);
        _extension = new StepProvisionerExtension(ExtensionType, Name, _client);
        _policy = new JwtPolicy { Audiences = [_client], ClockSkew = ClockSkew, RequiredClaims = ["iss", "sub", "aud", "exp", "iat"] };
    }

    public string Name => _definition.Name;

    public string Type => "OIDC";

    public ProvisionerClaims Claims { get; }

    public NamePolicy? Policy { get; }

    public ProvisionerOptions Options { get; }

    public void Describe(Utf8JsonWriter json) => _definition.WriteMembers(json);

    public bool Recognizes(OneTimeToken token) =>
        IsIssuer(token.Claims.Issuer) && token.Claims.Audience.Contains(_client, StringComparer.Ordinal);

    public async ValueTask<SignGrant> AuthorizeSignAsync(OneTimeToken token, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // Before anything is fetched for it.
        if (!IsIssuer(token.Claims.Issuer))
        {
            throw new JoseException(JoseError.BadIssuer, "The token is from another issuer.");
        }

        _policy.Check(token.Claims, now);
        if (token.Jws.Header.KeyId is not { Length: > 0 } kid || await _keys.FindAsync(kid, cancellationToken) is not { } jwk)
        {
            throw new JoseException(JoseError.UnknownKey, "The token's key is not the identity provider's.");
        }

        using var key = VerificationKey.From(jwk);
        if (!token.Jws.Verify(key, AlgorithmSet.Signatures))
        {
            throw new JoseException(JoseError.BadSignature, "The token's signature does not verify.");
        }

        // Section 3.1.3.7: with several audiences, the one it was issued to is named.
        if ((token.Claims.GetString("azp") ?? (token.Claims.Audience.Count > 1 ? null : _client)) != _client)
        {
            throw new JoseException(JoseError.BadAudience, "The token was issued to another client.");
        }

        var email = EmailOf(token.Claims);
        Require(_domains.Count == 0 || (email is not null && _domains.Contains(email[(email.LastIndexOf('@') + 1)..], StringComparer.OrdinalIgnoreCase)), "the e-mail address is of no permitted domain");
        Require(_groups.Count == 0 || (token.Claims.GetStrings("groups") ?? []).Intersect(_groups, StringComparer.Ordinal).Any(), "the person is in no permitted group");
        var subject = token.Claims.Subject!;
        return new SignGrant
        {
            Subject = email ?? subject,
            Names = email is not null && _admins.Any(admin => IsSameAddress(admin, email)) ? new RequestedNames() : new PersonNames(subject, email, _isTenants ? null : $"{token.Claims.Issuer}#{Uri.EscapeDataString(subject)}"),
            Profile = Claims.Profile,
            MinLifetime = Claims.MinLifetime,
            Extension = Claims.DisableExtension ? null : _extension,
            // ID tokens have no jti: what was signed is what is used up.
            Token = new UsedToken(SHA256.HashData([.. Encoding.UTF8.GetBytes(Name), 0, .. token.Jws.Payload.Span]), token.Claims.Expires!.Value.ToUniversalTime() + ClockSkew),
        };
    }

    public void Dispose() => _keys.Dispose();

    /// <summary>https, or on this machine.</summary>
    internal static bool IsProtected(Uri address) => address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback);

    /// <summary>The address before the well-known path; some issuers end in the slash of that path (OpenID Connect Discovery 1.0 section 4.1).</summary>
    private bool IsIssuer(string? text) =>
        text is not null && text.StartsWith(_issuer, StringComparison.Ordinal) && text.AsSpan(_issuer.Length) is "" or "/";

    /// <summary>An address that the identity provider says it has not verified, some in a text, is nobody's.</summary>
    private static string? EmailOf(JwtClaims claims) =>
        claims.GetString("email") is { Length: > 0 } email && email.Contains('@', StringComparison.Ordinal) && IsVerified(claims["email_verified"]) ? email : null;

    /// <summary>The part before the at sign is its domain's business: in another case it may be another's (RFC 5321 section 2.4).</summary>
    private static bool IsSameAddress(string one, string other)
    {
        var at = one.LastIndexOf('@') + 1;
        return at == other.LastIndexOf('@') + 1 && one.AsSpan(0, at).SequenceEqual(other.AsSpan(0, at)) && one.AsSpan(at).Equals(other.AsSpan(at), StringComparison.OrdinalIgnoreCase);
    }

    private static bool IsVerified(JsonElement? claim) => claim switch
    {
        null or { ValueKind: JsonValueKind.Null or JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.String } text => text.ValueEquals("true"u8),
        _ => false,
    };

    private static void Require(bool holds, string why)
    {
        if (!holds)
        {
            throw new JoseException(JoseError.KeyNotAllowed, $"The token buys nothing here: {why}.");
        }
    }

    /// <summary>
    /// step-ca's for a person: the subject is the common name, beside it the e-mail address and the issuer's URI of the subject. A tenant's has no such URI: the
    /// name constraints of its Sub-CA permit those of its trust domain alone.
    /// </summary>
    private sealed class PersonNames(string subject, string? email, string? uri) : INameRule
    {
        public SubjectNames Certify(CertificateSigningRequest request) => SubjectNames.FromSans(subject, new[] { email, uri }.OfType<string>());
    }
}
