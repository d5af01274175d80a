namespace IoTPlatform.Pki.Signing.Tests.Verifiers;

/// <summary>A TLS client's verifier that is not ours.</summary>
internal interface IForeignVerifier
{
    /// <summary>Of each certificate: null when it is accepted for its host, else the verifier's reason.</summary>
    Task<IReadOnlyList<string?>> CheckAsync(Hierarchy pki, IReadOnlyList<HostCheck> checks);
}
