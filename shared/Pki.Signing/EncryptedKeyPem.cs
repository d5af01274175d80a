using System.Formats.Asn1;
using System.Security.Cryptography;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Pki.Signing;

/// <summary>PEM of an EncryptedPrivateKeyInfo (RFC 5958 3).</summary>
internal static class EncryptedKeyPem
{
    private const string Label = "ENCRYPTED PRIVATE KEY";

    public static string Encode(byte[] der) => Pem.Block(Label, der);

    public static CaKey Decrypt(string pem, ReadOnlySpan<char> password)
    {
        var der = Pem.DecodeSingle(pem, Label);
        var key = ECDsa.Create();
        byte[]? plain = null;
        try
        {
            plain = Pbes2.Decrypt(der, password);
            if (plain is not null)
            {
                key.ImportPkcs8PrivateKey(plain, out _);
            }
            else
            {
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
            throw new PkiException(PkiError.WrongPassword, "The CA key can't be decrypted: wrong password, or not an EC key.", e);
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
}
