using IoTPlatform.Jose;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>The signing keys of a cloud that gives its instances tokens, found as an identity provider's are.</summary>
internal sealed class CloudIdentity : IDisposable
{
    private const string DiscoveryPath = "/.well-known/openid-configuration";

    private readonly OidcKeys _keys;

    /// <summary>Throws 422 for an address that is not protected.</summary>
    /// <param name="definition">Its <c>configurationEndpoint</c> takes the place of the cloud's own, and its <c>roots</c> that of the system's.</param>
    /// <param name="usual">The cloud's discovery document.</param>
    /// <param name="isElsewhere">Whether the document may name another issuer than its own address, as Azure's does.</param>
    /// <param name="time">By which keys age.</param>
    public CloudIdentity(ProvisionerDefinition definition, string usual, bool isElsewhere, TimeProvider time)
    {
        var endpoint = definition.Text("configurationEndpoint") is { Length: > 0 } text ? text : usual;
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var discovery) || !OidcProvisioner.IsProtected(discovery) || discovery.Query.Length > 0 || discovery.Fragment.Length > 0
            || !endpoint.EndsWith(DiscoveryPath, StringComparison.Ordinal))
        {
            throw ProvisionerDefinition.Refused("its configurationEndpoint is no https address of a discovery document.");
        }

        var issuer = endpoint[..^DiscoveryPath.Length];
        _keys = new OidcKeys(OidcKeys.Client(definition.Roots("roots"), time), discovery, named => isElsewhere ? !string.IsNullOrEmpty(named) : named == issuer, time);
    }

    /// <summary>Throws <see cref="JoseException"/> unless one of the cloud's keys signed the token, and the issuer they belong to made it.</summary>
    public async Task RequireGenuineAsync(OneTimeToken token, CancellationToken cancellationToken)
    {
        if (token.Jws.Header.KeyId is not { Length: > 0 } kid || await _keys.FindAsync(kid, cancellationToken) is not { } jwk)
        {
            throw new JoseException(JoseError.UnknownKey, "The token's key is not the cloud's.");
        }

        using var key = VerificationKey.From(jwk);
        if (!token.Jws.Verify(key, AlgorithmSet.Signatures))
        {
            throw new JoseException(JoseError.BadSignature, "The token's signature does not verify.");
        }

        if (token.Claims.Issuer is not { } issuer || issuer != _keys.Issuer)
        {
            throw new JoseException(JoseError.BadIssuer, "The token is from another issuer.");
        }
    }

    public void Dispose() => _keys.Dispose();
}
