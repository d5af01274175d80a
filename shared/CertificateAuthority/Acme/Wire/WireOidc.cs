using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Templates;
using IoTPlatform.Hosting;
using IoTPlatform.Jose;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>The identity provider that knows the persons of a Wire messenger: its ID tokens (OpenID Connect Core 1.0 section 3.1.3.7), and how its claims are read.</summary>
internal sealed class WireOidc : IDisposable
{
    private const string DiscoveryPath = "/.well-known/openid-configuration";

    /// <summary>Of claims that are texts; step-ca's puts them between quotes as they are, where one that has quotes itself says more than it may.</summary>
    private const string UsualTransform = """{"name": {{ toJson .name }}, "preferred_username": {{ toJson .preferred_username }}}""";

    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan BetweenTries = TimeSpan.FromSeconds(10);

    private readonly OidcKeys _keys;
    private readonly Func<string?, bool> _isIssuer;
    private readonly JwtPolicy _policy;
    private readonly string _client;
    private readonly AlgorithmSet _algorithms;
    private readonly TemplateProgram _transform;
    private readonly TimeProvider _time;

    private WireOidc(OidcKeys keys, Func<string?, bool> isIssuer, string client, string target, AlgorithmSet algorithms, TemplateProgram transform, TimeProvider time)
    {
        (_keys, _isIssuer, _client, Target, _algorithms, _transform, _time) = (keys, isIssuer, client, target, algorithms, transform, time);
        _policy = new JwtPolicy { Audiences = [client], ClockSkew = ClockSkew, RequiredClaims = ["iss", "sub", "aud", "exp"] };
    }

    /// <summary>Where a person signs in: the issuer, as it was configured.</summary>
    public string Target { get; }

    /// <summary>Throws 422.</summary>
    public static WireOidc Of(JsonElement json, TimeProvider time)
    {
        var members = new WireMembers(json, "options.wire.oidc", "provider", "config", "transform");
        var provider = new WireMembers(members.Required("provider"), "options.wire.oidc.provider", "discoveryBaseUrl", "issuerUrl", "authorizationUrl", "tokenUrl", "jwksUrl", "userInfoUrl", "signatureAlgorithms", "roots");
        var config = new WireMembers(members.Required("config"), "options.wire.oidc.config", "clientId", "signatureAlgorithms");
        var client = config.RequiredText("clientId");
        var algorithms = config.Algorithms("signatureAlgorithms") ?? provider.Algorithms("signatureAlgorithms") ?? AlgorithmSet.Signatures;
        var transform = members.Template("transform", members.Text("transform") ?? UsualTransform);
        var roots = provider.Text("roots") is { } text ? ProvisionerDefinition.RootsOf(text, "roots") : null;
        if (provider.Address("discoveryBaseUrl") is { } discovery)
        {
            var issuer = discovery.OriginalString.EndsWith(DiscoveryPath, StringComparison.Ordinal) ? discovery.OriginalString[..^DiscoveryPath.Length] : discovery.OriginalString.TrimEnd('/');
            bool IsDiscovered(string? named) => named is not null && named.StartsWith(issuer, StringComparison.Ordinal) && named.AsSpan(issuer.Length) is "" or "/";
            return new WireOidc(new OidcKeys(OidcKeys.Client(roots, time), new Uri(issuer + DiscoveryPath), IsDiscovered, time), IsDiscovered, client, provider.Text("issuerUrl") ?? issuer, algorithms, transform, time);
        }

        var address = provider.Address("issuerUrl") ?? throw ProvisionerDefinition.Refused("its options.wire.oidc.provider has neither discoveryBaseUrl nor issuerUrl.");
        var keys = provider.Address("jwksUrl") ?? throw ProvisionerDefinition.Refused("its options.wire.oidc.provider has neither discoveryBaseUrl nor jwksUrl.");
        // What follows the path tells clients more, such as their client id, and is not in tokens.
        var named = address.OriginalString.Split('?', '#')[0];
        return new WireOidc(OidcKeys.At(OidcKeys.Client(roots, time), named, keys, time), issuer => issuer == named, client, address.OriginalString, algorithms, transform, time);
    }

    /// <summary>Claims of a genuine ID token. Throws <see cref="JoseException"/>, and 503 while the identity provider's keys can't be had.</summary>
    public async Task<JwtClaims> VerifyAsync(ParsedJws token, CancellationToken cancellationToken)
    {
        var claims = JwtClaims.Parse(token.Payload);
        // Before anything is fetched for it.
        if (!_isIssuer(claims.Issuer))
        {
            throw new JoseException(JoseError.BadIssuer, "The token is from another issuer.");
        }

        _policy.Check(claims, _time.GetUtcNow());
        if ((claims.GetString("azp") ?? (claims.Audience.Count > 1 ? null : _client)) != _client)
        {
            throw new JoseException(JoseError.BadAudience, "The token was issued to another client.");
        }

        if (token.Header.KeyId is not { Length: > 0 } kid || await KeyAsync(kid, cancellationToken) is not { } jwk)
        {
            throw new JoseException(JoseError.UnknownKey, "The token's key is not the identity provider's.");
        }

        using var key = VerificationKey.From(jwk);
        return token.Verify(key, _algorithms) ? claims : throw new JoseException(JoseError.BadSignature, "The token's signature does not verify.");
    }

    /// <summary>The claims as the operator reads them, and those that were not read as they are. Throws <see cref="JoseException"/> where nothing comes of it.</summary>
    public JsonObject Transform(ParsedJws token)
    {
        try
        {
            using var claims = JsonDocument.Parse(token.Payload);
            var read = JsonNode.Parse(
                _transform.Render(GoJson.Of(claims.RootElement), _time), documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 }) as JsonObject
                ?? throw new JoseException(JoseError.Malformed, "The transform makes no JSON object.");
            foreach (var claim in claims.RootElement.EnumerateObject().Where(claim => !read.ContainsKey(claim.Name)))
            {
                read[claim.Name] = JsonNode.Parse(claim.Value.GetRawText());
            }

            return read;
        }
        catch (Exception e) when (e is JsonException or TemplateException)
        {
            throw new JoseException(JoseError.Malformed, "The token's claims can't be transformed.", e);
        }
    }

    public void Dispose() => _keys.Dispose();

    private async Task<Microsoft.IdentityModel.Tokens.JsonWebKey?> KeyAsync(string kid, CancellationToken cancellationToken)
    {
        try
        {
            return await _keys.FindAsync(kid, cancellationToken);
        }
        catch (JoseException e)
        {
            // That is not the client's fault: it may ask again.
            throw new ProblemException(503, "identity_provider_unavailable", "The identity provider's keys can't be had.", BetweenTries, e);
        }
    }
}
