namespace IoTPlatform.Jose;

/// <summary>A public key parsed once, for many verifications from many threads.</summary>
public sealed class VerificationKey : IDisposable
{
    public static VerificationKey From(JsonWebKey key) => throw new NotImplementedException();

    /// <summary>From a DER SubjectPublicKeyInfo.</summary>
    public static VerificationKey FromSubjectPublicKeyInfo(ReadOnlySpan<byte> spki) => throw new NotImplementedException();

    /// <summary>True if the signature is right. An algorithm that isn't this key's own is <see cref="JoseError.AlgorithmNotAllowed"/>.</summary>
    public bool Verify(string algorithm, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) => throw new NotImplementedException();

    public void Dispose() => throw new NotImplementedException();
}
