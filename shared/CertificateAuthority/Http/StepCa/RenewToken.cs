using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Jose;

namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// step's renewal without mTLS: <c>Authorization: Bearer</c> with a JWT signed by the certificate's key, the certificate in the header
/// <c>x5cInsecure</c>. The certificate must pass everything a TLS client certificate must, but that it may have ended; the token works once.
/// </summary>
internal sealed class RenewToken(Authority authority)
{
    private const string ClientIssuer = "step-ca-client/1.0";
    private const int MaxTokenIdLength = 256;

    private readonly JwtPolicy _policy = new()
    {
        Issuer = ClientIssuer,
        AudienceMatches = new TokenAudience(authority.Options, "renew").Matches,
        MaxLifetime = authority.Options.MaxTokenLifetime,
        RequiredClaims = ["iss", "sub", "aud", "exp", "iat", "nbf", "jti"],
    };

    /// <summary>Throws <see cref="JoseException"/> or a 401.</summary>
    public (X509Certificate2 Certificate, UsedToken Token) Authorize(string token)
    {
        var now = authority.Time.GetUtcNow();
        var jws = CompactJws.Parse(token);
        if (jws.Header.X5cInsecure is not [var der, ..])
        {
            throw new JoseException(JoseError.UnknownKey, "The renewal token has no certificate.");
        }

        var certificate = Load(der);
        // Whether one that has ended is renewed, its provisioner says.
        var leaf = LeafVerifier.Verify(certificate, authority.Active, now, ProfileRenewals.LongestGrace);
        using var key = VerificationKey.FromSubjectPublicKeyInfo(leaf.Parsed.SubjectPublicKeyInfo.Span);
        if (!jws.Verify(key, AlgorithmSet.Signatures))
        {
            throw new JoseException(JoseError.BadSignature, "The renewal token was not signed with the certificate's key.");
        }

        var claims = JwtClaims.Parse(jws.Payload);
        _policy.Check(claims, now);
        if (!string.Equals(claims.Subject, leaf.Parsed.Names.CommonName, StringComparison.Ordinal) || claims.JwtId is not { Length: > 0 and <= MaxTokenIdLength } id)
        {
            throw new JoseException(JoseError.Malformed, "The renewal token is for another subject, or its jti is bad.");
        }

        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"renew\0{Convert.ToHexString(leaf.Serial)}\0{id}"));
        return (certificate, new UsedToken(hash, claims.Expires!.Value.ToUniversalTime() + _policy.ClockSkew));
    }

    private static X509Certificate2 Load(byte[] der)
    {
        try
        {
            return X509CertificateLoader.LoadCertificate(der);
        }
        catch (CryptographicException e)
        {
            throw new JoseException(JoseError.Malformed, "The certificate in the renewal token can't be read.", e);
        }
    }
}
