using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.CertificateAuthority;

/// <summary>One folder <c>sub-ca/NNNN</c>: <c>key</c> (encrypted), and, once the provider has signed, <c>chain.pem</c> (certificate first, root last).</summary>
internal sealed class SubCaGeneration
{
    private const string Folder = "sub-ca";

    private readonly string _path;

    private SubCaGeneration(int number, string path)
    {
        Number = number;
        _path = path;
    }

    public int Number { get; }

    public string KeyPath => Path.Combine(_path, "key");

    public bool HasKey => File.Exists(KeyPath);

    public bool IsComplete => File.Exists(ChainPath);

    private string ChainPath => Path.Combine(_path, "chain.pem");

    /// <summary>Newest first.</summary>
    public static IReadOnlyList<SubCaGeneration> All(DataFolder folder)
    {
        var path = folder.Combine(Folder);
        return !Directory.Exists(path)
            ? []
            : [.. Directory.EnumerateDirectories(path)
                .Select(d => int.TryParse(Path.GetFileName(d), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? new SubCaGeneration(number, d) : null)
                .OfType<SubCaGeneration>()
                .OrderByDescending(g => g.Number)];
    }

    public static SubCaGeneration At(DataFolder folder, int number) =>
        new(number, folder.Combine(Folder, number.ToString("D4", CultureInfo.InvariantCulture)));

    /// <summary>Completes the generation; before this its key signs nothing.</summary>
    public void WriteChain(CertificateChain chain) => AtomicFile.WriteText(ChainPath, chain.Pem, AtomicFile.Public);

    public CertificateChain ReadChain()
    {
        try
        {
            return CertificateChain.ParsePem(File.ReadAllText(ChainPath, Encoding.ASCII));
        }
        catch (PkiException e)
        {
            throw new StartupException($"{ChainPath} is no certificate chain: {e.Message} Restore it from the backup.");
        }
    }

    public X509Certificate2 ReadCertificate() => ReadChain().Issuer;
}
