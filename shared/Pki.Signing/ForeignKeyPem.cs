using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Pki.Signing;

/// <summary>Key files of other authorities: PKCS #8 (RFC 5958) or an ECPrivateKey (RFC 5915), plain or encrypted, also in the way of RFC 1423 that step-ca writes.</summary>
public static class ForeignKeyPem
{
    private const int MaxChars = 16384;
    private const string EcLabel = "EC PRIVATE KEY";
    private const int SaltLength = 8;

    /// <summary>Throws <see cref="PkiError.WrongPassword"/>, also where one is missing, <see cref="PkiError.UnsupportedKey"/> and <see cref="PkiError.Malformed"/>.</summary>
    public static CaKey Read(string pem, string? password)
    {
        if (pem.Length > MaxChars)
        {
            throw new PkiException(PkiError.TooLarge, $"The key file is longer than {MaxChars} characters.");
        }

        if (pem.Contains("BEGIN RSA PRIVATE KEY", StringComparison.Ordinal))
        {
            throw new PkiException(PkiError.UnsupportedKey, "The CA key is no EC key.");
        }

        return pem.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal) ? ReadRfc1423(pem, password)
            : pem.Contains("BEGIN ENCRYPTED PRIVATE KEY", StringComparison.Ordinal) ? EncryptedKeyPem.Decrypt(pem, Required(password))
            : ReadPlain(Pem.DecodeSingle(pem, "PRIVATE KEY", EcLabel), isPkcs8: pem.Contains("BEGIN PRIVATE KEY", StringComparison.Ordinal));
    }

    private static string Required(string? password) =>
        string.IsNullOrEmpty(password) ? throw new PkiException(PkiError.WrongPassword, "The CA key is encrypted, and no password was given.") : password;

    private static CaKey ReadPlain(byte[] der, bool isPkcs8)
    {
        var key = ECDsa.Create();
        try
        {
            if (isPkcs8)
            {
                key.ImportPkcs8PrivateKey(der, out _);
            }
            else
            {
                key.ImportECPrivateKey(der, out _);
            }

            return new CaKey(key);
        }
        catch (CryptographicException e)
        {
            key.Dispose();
            throw new PkiException(PkiError.UnsupportedKey, "The CA key is no EC key, or is damaged.", e);
        }
        catch
        {
            key.Dispose();
            throw;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(der);
        }
    }

    /// <summary>RFC 1421 4.6.1: headers, an empty line, base64. The IV is the salt of the key, too.</summary>
    private static CaKey ReadRfc1423(string pem, string? password)
    {
        var lines = pem.Trim().ReplaceLineEndings("\n").Split('\n');
        var blank = Array.IndexOf(lines, "");
        if (lines[0] != $"-----BEGIN {EcLabel}-----" || lines[^1] != $"-----END {EcLabel}-----" || blank < 0
            || lines[..blank].FirstOrDefault(line => line.StartsWith("DEK-Info: ", StringComparison.Ordinal))?["DEK-Info: ".Length..].Split(',') is not [var cipher, var hex]
            || KeyLength(cipher) is not { } length)
        {
            throw new PkiException(PkiError.UnsupportedKey, "The CA key is no EC key encrypted with AES-CBC.");
        }

        try
        {
            var iv = Convert.FromHexString(hex);
            using var aes = Aes.Create();
            var key = Derive(Encoding.UTF8.GetBytes(Required(password)), iv.AsSpan(0, SaltLength), length);
            try
            {
                aes.Key = key;
            }
            finally
            {
                CryptographicOperations.ZeroMemory(key);
            }

            return ReadPlain(aes.DecryptCbc(Convert.FromBase64String(string.Concat(lines[(blank + 1)..^1])), iv), isPkcs8: false);
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            throw new PkiException(PkiError.Malformed, "The CA key file is damaged.", e);
        }
        // One wrong password in 256 leaves a padding that looks right, and no key.
        catch (Exception e) when (e is CryptographicException or PkiException { Error: PkiError.UnsupportedKey })
        {
            throw new PkiException(PkiError.WrongPassword, "The CA key can't be decrypted: wrong password, or not an EC key.", e);
        }
    }

    private static int? KeyLength(string cipher) => cipher switch { "AES-256-CBC" => 32, "AES-192-CBC" => 24, "AES-128-CBC" => 16, _ => null };

    [SuppressMessage("Security", "CA5351", Justification = "What others encrypted so is read, and encrypted otherwise.")]
    private static byte[] Derive(byte[] password, ReadOnlySpan<byte> salt, int length)
    {
        var key = new byte[length];
        byte[] block = [];
        for (var done = 0; done < length; done += block.Length)
        {
            block = MD5.HashData([.. block, .. password, .. salt]);
            block.AsSpan(0, Math.Min(block.Length, length - done)).CopyTo(key.AsSpan(done));
        }

        CryptographicOperations.ZeroMemory(password);
        return key;
    }
}
