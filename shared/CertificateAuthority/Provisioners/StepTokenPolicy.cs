using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Jose;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>What one of step's one-time tokens must say to be taken by a provisioner for one operation, whatever vouches for its signature.</summary>
/// <param name="provisioner">Its name, which the token has as its issuer.</param>
/// <param name="audience">Of the operation.</param>
/// <param name="options">The authority's.</param>
internal sealed class StepTokenPolicy(string provisioner, TokenAudience audience, CertificateAuthorityOptions options)
{
    private const int MaxTokenIdLength = 256;
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(1);

    private readonly JwtPolicy _policy = new()
    {
        Issuer = provisioner,
        AudienceMatches = audience.Matches,
        ClockSkew = ClockSkew,
        MaxLifetime = options.MaxTokenLifetime,
        RequiredClaims = ["iss", "sub", "aud", "exp", "iat", "nbf", "jti"],
    };

    /// <summary>Throws <see cref="JoseException"/>. That the signature is right, the caller has seen to.</summary>
    public StepTokenClaims Check(OneTimeToken token, DateTimeOffset now)
    {
        var claims = token.Claims;
        _policy.Check(claims, now);
        var sans = claims.GetStrings("sans") ?? [];
        if (claims.Subject is not { Length: > 0 } subject || claims.JwtId is not { Length: > 0 and <= MaxTokenIdLength } id || sans.Count > SubjectNames.MaxNames)
        {
            throw new JoseException(JoseError.Malformed, "The token has an empty subject, a bad jti or too many names.");
        }

        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{provisioner}\0{id}"));
        return new StepTokenClaims(subject, sans.Count == 0 ? [subject] : sans, new UsedToken(hash, claims.Expires!.Value.ToUniversalTime() + ClockSkew));
    }
}

/// <param name="Subject">The common name; of a token that revokes, the serial number.</param>
/// <param name="Sans">The subject alone where the token names none.</param>
/// <param name="Used">To be spent.</param>
internal sealed record StepTokenClaims(string Subject, IReadOnlyList<string> Sans, UsedToken Used);
