using System.Formats.Asn1;
using System.Security.Cryptography;
using IoTPlatform.Pki.Asn1;
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
        CheckForm(der);
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

    /// <summary>Tells a damaged file from a wrong password, which the BCL reports alike.</summary>
    private static void CheckForm(byte[] der)
    {
        try
        {
            var outer = new DerReader(der);
            var info = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            var algorithm = info.ReadSequence();
            algorithm.ReadOid();
            if (info.ReadOctetString().IsEmpty)
            {
                throw new AsnContentException("The key is empty.");
            }

            info.ThrowIfNotEmpty();
        }
        catch (AsnContentException e)
        {
            throw new PkiException(PkiError.Malformed, "The CA key file is damaged.", e);
        }
    }
}
