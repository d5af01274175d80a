using IoTPlatform.Jose;

namespace IoTPlatform.Hosting.Oidc;

/// <summary>Whether the issuer signed it. The key is the issuer's, found by "kid"; keys and addresses in a token's header are not looked at.</summary>
internal sealed class IssuerSignatures(SigningKeyCache keys)
{
    /// <summary>The claims. Throws <see cref="JoseException"/>, or 503 while the issuer's keys can't be had.</summary>
    public async ValueTask<JwtClaims> VerifyAsync(ParsedJws jws, CancellationToken cancellationToken)
    {
        var keyId = jws.Header.KeyId ?? throw new JoseException(JoseError.UnknownKey, "The token names no key.");
        var key = await keys.FindAsync(keyId, cancellationToken) ?? throw new JoseException(JoseError.UnknownKey, "The token's key is none of the issuer's.");
        return jws.Verify(key, AlgorithmSet.Signatures)
            ? JwtClaims.Parse(jws.Payload)
            : throw new JoseException(JoseError.BadSignature, "The token's signature is wrong.");
    }
}
