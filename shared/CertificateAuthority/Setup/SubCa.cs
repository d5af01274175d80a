using IoTPlatform.Hosting;
using IoTPlatform.Pki.Signing;

namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// A tenant's Sub-CA in its data folder. Every generation has its own folder with key and certificate; the newest complete one
/// signs, earlier ones are accepted until they expire. A crash at any point leaves a state the next call continues from.
/// </summary>
public sealed class SubCa
{
    public SubCa(DataFolder folder, CaPasswords passwords, TimeProvider time) => throw new NotImplementedException();

    /// <summary>A generation with key and certificate exists.</summary>
    public bool IsInstalled => throw new NotImplementedException();

    /// <summary>The first boot's key: made once, the same on every call until <see cref="Install"/>; afterwards the active key.</summary>
    public CaKey EnsureKey() => throw new NotImplementedException();

    /// <summary>The next generation's key: made once, the same on every call until <see cref="Install"/>. The caller disposes it.</summary>
    public CaKey EnsureNextKey() => throw new NotImplementedException();

    /// <summary>The next generation has a key and waits for its certificate.</summary>
    public bool IsRotating => throw new NotImplementedException();

    /// <summary>Installs the certificate for the waiting key, or the same one again. Refuses (PkiException) a certificate for another key, or a chain that doesn't end in the root.</summary>
    /// <param name="chainPem">Issuers of the certificate, issuer first, root last.</param>
    public void Install(string certificatePem, string chainPem, string expectedRootFingerprint) => throw new NotImplementedException();

    /// <summary>The newest complete generation as active issuer and the earlier ones, not yet expired, as accepted. Throws StartupException.</summary>
    public IssuerSet Load() => throw new NotImplementedException();
}
