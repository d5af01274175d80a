using System.Formats.Asn1;
using System.Security.Cryptography;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Pki.Signing;

/// <summary>A CA key at rest: PEM of an EncryptedPrivateKeyInfo (RFC 5958 3), PBES2 with AES-256-CBC and PBKDF2-HMAC-SHA-256.</summary>
public static class EncryptedKeyPem
{
    private const string Label = "ENCRYPTED PRIVATE KEY";
    private const string EcPublicKey = "1.2.840.10045.2.1";

    /// <param name="key">To be kept.</param>
    /// <param name="password">An empty one is refused with <see cref="PkiError.WrongPassword"/>.</param>
    /// <param name="rounds">Of PBKDF2; fewer are for a password that nobody can guess.</param>
    public static string Encrypt(CaKey key, ReadOnlySpan<char> password, int rounds = 600_000) => password.IsEmpty
        ? throw new PkiException(PkiError.WrongPassword, "The password of a CA key must not be empty.")
        : Pem.Block(Label, key.ExportEncrypted(password, rounds));

    /// <summary>Throws <see cref="PkiError.WrongPassword"/>, <see cref="PkiError.UnsupportedKey"/> or <see cref="PkiError.Malformed"/>; a key that is not encrypted is malformed here.</summary>
    public static CaKey Decrypt(string pem, ReadOnlySpan<char> password)
    {
        var der = Pem.DecodeSingle(pem, Label);
        var key = ECDsa.Create();
        byte[]? plain = null;
        var isOfAnotherForm = false;
        try
        {
            plain = Pbes2.Decrypt(der, password);
            if (plain is not null)
            {
                RequireEc(plain);
                key.ImportPkcs8PrivateKey(plain, out _);
            }
            else
            {
                isOfAnotherForm = true;
                key.ImportEncryptedPkcs8PrivateKey(password, der, out _);
            }

            return new CaKey(key);
        }
        catch (AsnContentException e)
        {
            // Distinguishes this from a wrong password, which the BCL reports alike.
            key.Dispose();
            throw new PkiException(PkiError.Malformed, "The CA key file is damaged.", e);
        }
        catch (CryptographicException e)
        {
            key.Dispose();
            throw isOfAnotherForm && IsRsa(der, password) ? NoEcKey() : new PkiException(PkiError.WrongPassword, "The CA key can't be decrypted: wrong password, or not an EC key.", e);
        }
        catch
        {
            key.Dispose();
            throw;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    /// <summary>Another kind of key was opened by the right password, which is not to be asked for again.</summary>
    private static void RequireEc(byte[] privateKeyInfo)
    {
        string algorithm;
        try
        {
            var info = new AsnReader(privateKeyInfo, AsnEncodingRules.BER).ReadSequence();
            info.ReadInteger();
            algorithm = info.ReadSequence().ReadObjectIdentifier();
        }
        catch (AsnContentException e)
        {
            // One wrong password in 256 leaves a padding that looks right, and no key.
            throw new CryptographicException("This is no key.", e);
        }

        if (algorithm != EcPublicKey)
        {
            throw NoEcKey();
        }
    }

    private static bool IsRsa(byte[] der, ReadOnlySpan<char> password)
    {
        using var key = RSA.Create();
        try
        {
            key.ImportEncryptedPkcs8PrivateKey(password, der, out _);
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static PkiException NoEcKey() => new(PkiError.UnsupportedKey, "The CA key is no EC key.");
}
