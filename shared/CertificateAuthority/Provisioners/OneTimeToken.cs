using IoTPlatform.Jose;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>One-time tokens as <c>step ca token</c> makes them.</summary>
public static class OneTimeToken
{
    /// <param name="key">The provisioner's private key, with its kid.</param>
    /// <param name="audience">For example <c>https://localhost:9443/1.0/sign</c>; <c>…/1.0/revoke</c> with the decimal serial as subject.</param>
    public static string Create(ISignatureKey key, string provisioner, string audience, string subject, IReadOnlyList<string> sans, string rootFingerprint, TimeProvider time)
        => throw new NotImplementedException();

    /// <summary>Opens the escrowed key of a provisioner.</summary>
    public static EcSignatureKey OpenKey(string encryptedKey, ReadOnlySpan<char> password) => throw new NotImplementedException();
}
