using System.Security.Cryptography;
using System.Text;

namespace IoTPlatform.CertificateAuthority;

/// <summary>What a verified proof says.</summary>
/// <param name="Id">jti: unique per proof.</param>
/// <param name="Extra">The further string claims.</param>
public sealed record KeyProofClaims(string Subject, string Id, DateTimeOffset IssuedAt, DateTimeOffset Expires, IReadOnlyDictionary<string, string> Extra)
{
    // Longer than any clock difference a proof is accepted with.
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(5);

    /// <summary>To be spent, so that whoever has seen a proof cannot show it again.</summary>
    /// <param name="subjectPublicKeyInfo">The key that made it: another key's proof may have the same id.</param>
    public UsedToken ToUsedToken(ReadOnlySpan<byte> subjectPublicKeyInfo)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.ASCII.GetBytes(KeyProof.Type));
        hash.AppendData(SHA256.HashData(subjectPublicKeyInfo));
        hash.AppendData(Encoding.UTF8.GetBytes(Id));
        return new UsedToken(hash.GetHashAndReset(), Expires.ToUniversalTime() + Margin);
    }
}
