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
            return new CaKeyFile(path).Load(passwords.Authority);
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
        file.Save(key, passwords.Authority);
        return key;
    }
}
