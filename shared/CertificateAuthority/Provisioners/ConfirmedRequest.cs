using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using IoTPlatform.Hosting;
using IoTPlatform.Jose;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>
/// A token that confirms a request (RFC 7800 3.1) buys a certificate for that request alone: <c>"cnf": {"x5rt#S256": …}</c> is the SHA-256 of the whole
/// request in DER, base64url, as step writes it. Who sees such a token can't use it for a key of another.
/// </summary>
internal sealed class ConfirmedRequest : IRequestRule
{
    private const string Member = "x5rt#S256";

    private readonly byte[] _digest;

    private ConfirmedRequest(byte[] digest) => _digest = digest;

    /// <summary>No rule for a token that confirms nothing. Throws <see cref="JoseException"/> for a confirmation that is not understood: it is a restriction.</summary>
    public static IReadOnlyList<IRequestRule> Of(JwtClaims claims)
    {
        if (claims["cnf"] is not { } confirmation)
        {
            return [];
        }

        return confirmation.ValueKind == JsonValueKind.Object && confirmation.EnumerateObject().ToList() is [{ Name: Member, Value: { ValueKind: JsonValueKind.String } value }]
            && value.GetString() is { } text && Base64Url.IsValid(text) && Base64Url.DecodeFromChars(text) is { Length: SHA256.HashSizeInBytes } digest
            ? [new ConfirmedRequest(digest)]
            : throw new JoseException(JoseError.Malformed, $"The token's confirmation (cnf) is not the {Member} of a request.");
    }

    public void Check(CertificateSigningRequest request)
    {
        if (!CryptographicOperations.FixedTimeEquals(SHA256.HashData(request.Der.Span), _digest))
        {
            throw new ProblemException(403, "other_request", "the token was made for another certificate request");
        }
    }
}
