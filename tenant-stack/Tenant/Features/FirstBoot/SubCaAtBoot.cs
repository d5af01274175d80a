using IoTPlatform.CertificateAuthority;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Pki.Signing;

namespace IoTPlatform.Tenant.Features.FirstBoot;

/// <summary>The Sub-CA's key and certificates, opened once per boot: opening a key costs hundreds of milliseconds on purpose.</summary>
internal sealed class SubCaAtBoot(CertificateAuthority.SubCa subCa) : IDisposable
{
    private CaKey? _key;
    private IssuerSet? _issuers;

    public bool IsInstalled => subCa.IsInstalled;

    public bool HasKey => _key is not null;

    /// <summary>The active key; made on first boot.</summary>
    public CaKey Key => _key ??= Translate(subCa.EnsureKey);

    /// <summary>Not disposed here: the authority goes on with it.</summary>
    public IssuerSet Issuers => _issuers ??= subCa.Load();

    public void Install(string certificatePem, string chainPem, string rootFingerprint) => Translate(() =>
    {
        subCa.Install(certificatePem, chainPem, rootFingerprint);
        _issuers = null; // read before, it has the former certificate
        return 0;
    });

    public void Dispose() => _key?.Dispose();

    private static T Translate<T>(Func<T> use)
    {
        try
        {
            return use();
        }
        catch (PkiException e)
        {
            throw new StartupException(e.Error == PkiError.WrongPassword
                ? "the Sub-CA key does not open: STEP_CA_PASSWORD (or the file ca-password) is not the one it was made with"
                : $"the Sub-CA cannot be used: {e.Message}");
        }
    }
}

/// <summary>The active Sub-CA as PEM.</summary>
/// <param name="ChainPem">Sub-CA, Intermediate, Root: what a verifier of a device certificate needs.</param>
internal sealed record InstalledSubCa(string CertificatePem, string ChainPem)
{
    public static InstalledSubCa From(IssuerSet issuers) =>
        new(Pem.Certificate(issuers.Active.Certificate.RawDataMemory.Span), Pem.Certificates(issuers.Chain.Certificates));
}
