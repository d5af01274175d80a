using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.CertificateAuthority;

/// <summary>root.pem and server.pem, as deploy/rabbitmq names them. The folder's group reads the key: RabbitMQ runs as another user.</summary>
public sealed class BrokerCertificateFiles(string folder)
{
    private const UnixFileMode Group = AtomicFile.Secret | UnixFileMode.GroupRead;

    private string RootFile => Path.Combine(folder, "root.pem");

    private string ServerFile => Path.Combine(folder, "server.pem");

    /// <summary>The root alone: with an intermediate beside it, RabbitMQ would accept what a tenant's Sub-CA signed.</summary>
    public void SaveRoot(X509Certificate2 root)
    {
        var pem = Pem.Certificate(root.RawDataMemory.Span);
        if (!File.Exists(RootFile) || File.ReadAllText(RootFile, Encoding.ASCII) != pem)
        {
            AtomicFile.WriteText(RootFile, pem, AtomicFile.Public);
        }
    }

    /// <summary>Key, certificate and intermediate in one file: no crash can part them.</summary>
    public void Save(ECDsa key, string chainPem) => AtomicFile.WriteText(ServerFile, key.ExportPkcs8PrivateKeyPem() + "\n" + chainPem, Group);

    /// <summary>Null: none, or nothing usable.</summary>
    public X509Certificate2? TryLoad()
    {
        try
        {
            var pem = File.ReadAllText(ServerFile, Encoding.ASCII);
            return X509Certificate2.CreateFromPem(pem, pem);
        }
        catch (Exception e) when (e is FileNotFoundException or CryptographicException or PkiException)
        {
            return null;
        }
    }
}
