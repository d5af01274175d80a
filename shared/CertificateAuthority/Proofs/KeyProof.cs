using IoTPlatform.Pki.Signing;

namespace IoTPlatform.CertificateAuthority;

/// <summary>Proof of possession of a CA key: a JWT of at most five minutes, typ <c>iot-key-proof+jwt</c>, for one subject and one URL.</summary>
public static class KeyProof
{
    public const string Type = "iot-key-proof+jwt";

    public static readonly TimeSpan MaxLifetime = TimeSpan.FromMinutes(5);

    public static string Create(CaKey key, string subject, Uri audience, TimeProvider time, IReadOnlyDictionary<string, string>? extra = null) => throw new NotImplementedException();

    /// <summary>Throws <c>JoseException</c> unless the proof was made by the key of <paramref name="subjectPublicKeyInfo"/> for this subject and audience, now.</summary>
    public static KeyProofClaims Verify(string proof, ReadOnlySpan<byte> subjectPublicKeyInfo, string subject, Uri audience, TimeProvider time) => throw new NotImplementedException();
}
