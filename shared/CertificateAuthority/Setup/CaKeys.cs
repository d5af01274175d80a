using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Signing;

namespace IoTPlatform.CertificateAuthority;

/// <summary>Opens CA keys at startup, with errors an operator can act on.</summary>
internal static class CaKeys
{
    public static CaKey Load(string path, CaPasswords passwords)
    {
        try
        {
            return new CaKeyFile(path).Load(passwords.Authority.Value);
        }
        catch (PkiException e)
        {
            throw new StartupException(e.Error switch
            {
                PkiError.WrongPassword => $"The password does not open the CA key {path}. Set STEP_CA_PASSWORD or STEP_CA_PASSWORD_FILE to the one it was made with.",
                _ => $"The CA key {path} can't be used: {e.Message}",
            });
        }
    }

    /// <summary>The stored key, or a new one, stored before it is returned.</summary>
    public static CaKey LoadOrCreate(string path, KeyKind kind, CaPasswords passwords)
    {
        var file = new CaKeyFile(path);
        if (file.Exists)
        {
            return Load(path, passwords);
        }

        Folders.EnsureFor(path);
        var key = CaKey.Generate(kind);
        file.Save(key, passwords.Authority.Value, passwords.Authority.Rounds);
        return key;
    }
}

/// <summary>Where a provider's data folder keeps its CA, named as step-ca names it.</summary>
public static class CaFiles
{
    public static string RootCertificate(DataFolder folder) => folder.Combine("certs", "root_ca.crt");

    public static RevokedIntermediatesFile RootRevocationList(DataFolder folder) => new(folder.Combine("certs", RevokedIntermediatesFile.Name));

    public static string RootKey(DataFolder folder) => folder.Combine("secrets", "root_ca_key");

    public static string IntermediateCertificate(DataFolder folder) => folder.Combine("certs", "intermediate_ca.crt");

    public static string IntermediateKey(DataFolder folder) => folder.Combine("secrets", "intermediate_ca_key");

    /// <summary>For a root that is not the platform's own: PKCS #10, PEM.</summary>
    public static string IntermediateRequest(DataFolder folder) => folder.Combine("certs", "intermediate_ca.csr");

    /// <summary>What that root has made of the request, and the root, PEM: put there by hand, or as a step-ca has answered.</summary>
    public static string SignedIntermediate(DataFolder folder) => folder.Combine("certs", "intermediate_ca_signed.pem");
}

internal static class Folders
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>The folder a file goes into, for its owner only.</summary>
    public static void EnsureFor(string path) => Directory.CreateDirectory(Path.GetDirectoryName(path)!, OwnerOnly);
}
