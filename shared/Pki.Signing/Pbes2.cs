using System.Formats.Asn1;
using System.Security.Cryptography;

namespace IoTPlatform.Pki.Signing;

/// <summary>
/// PBES2 (RFC 8018 6.2) with PBKDF2-HMAC-SHA-256 and AES-256-CBC, as <see cref="CaKeyFile"/> writes it. The BCL's import and export call OpenSSL
/// once a round and take 2.5 times the CPU of one call for all rounds: 740 ms against 290 ms a key.
/// </summary>
internal static class Pbes2
{
    private const string Scheme = "1.2.840.113549.1.5.13";
    private const string Pbkdf2 = "1.2.840.113549.1.5.12";
    private const string HmacSha256 = "1.2.840.113549.2.9";
    private const string Aes256Cbc = "2.16.840.1.101.3.4.1.42";
    private const int KeyLength = 32;
    private const int IvLength = 16;
    private const int SaltLength = 16;

    /// <summary>Many times what anybody takes, and seconds of one CPU: how long a foreign file keeps one busy is its maker's to say.</summary>
    private const int MaxRounds = 10_000_000;

    /// <summary>An EncryptedPrivateKeyInfo (RFC 5958 3) in DER with a salt and an IV of its own.</summary>
    public static byte[] Encrypt(ReadOnlySpan<byte> privateKeyInfo, ReadOnlySpan<char> password, int rounds)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltLength);
        var iv = RandomNumberGenerator.GetBytes(IvLength);
        using var aes = Aes.Create();
        var key = Rfc2898DeriveBytes.Pbkdf2(password, salt, rounds, HashAlgorithmName.SHA256, KeyLength);
        try
        {
            aes.Key = key;
            return Write(salt, rounds, iv, aes.EncryptCbc(privateKeyInfo, iv));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>
    /// The PKCS#8 PrivateKeyInfo inside; null for an EncryptedPrivateKeyInfo (RFC 5958 3) of another form. Throws <see cref="AsnContentException"/>
    /// for what is none, <see cref="CryptographicException"/> for a wrong password, <see cref="PkiError.TooLarge"/> for too many rounds.
    /// </summary>
    public static byte[]? Decrypt(byte[] der, ReadOnlySpan<char> password)
    {
        if (Read(der) is not var (salt, rounds, iv, content))
        {
            return null;
        }

        using var aes = Aes.Create();
        var key = Rfc2898DeriveBytes.Pbkdf2(password, salt, rounds, HashAlgorithmName.SHA256, KeyLength);
        try
        {
            aes.Key = key;
            return aes.DecryptCbc(content, iv);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private static byte[] Write(byte[] salt, int rounds, byte[] iv, byte[] content)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(Scheme);
                using (writer.PushSequence())
                {
                    WriteAlgorithm(writer, Pbkdf2, parameters =>
                    {
                        using (parameters.PushSequence())
                        {
                            parameters.WriteOctetString(salt);
                            parameters.WriteInteger(rounds);
                            WriteAlgorithm(parameters, HmacSha256, prf => prf.WriteNull());
                        }
                    });
                    WriteAlgorithm(writer, Aes256Cbc, parameters => parameters.WriteOctetString(iv));
                }
            }

            writer.WriteOctetString(content);
        }

        return writer.Encode();
    }

    private static void WriteAlgorithm(AsnWriter writer, string algorithm, Action<AsnWriter> parameters)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(algorithm);
            parameters(writer);
        }
    }

    private static (byte[] Salt, int Rounds, byte[] Iv, byte[] Content)? Read(byte[] der)
    {
        var outer = new AsnReader(der, AsnEncodingRules.DER);
        var info = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        var algorithm = info.ReadSequence();
        var scheme = algorithm.ReadObjectIdentifier();
        var content = info.ReadOctetString();
        info.ThrowIfNotEmpty();
        if (content.Length == 0)
        {
            throw new AsnContentException("The key is empty.");
        }

        if (HasTooManyRounds(scheme, algorithm.PeekEncodedValue()))
        {
            throw new PkiException(PkiError.TooLarge, $"The CA key file asks for more than {MaxRounds} rounds of its key derivation.");
        }

        return scheme == Scheme && ReadParameters(algorithm) is var (salt, rounds, iv) ? (salt, rounds, iv, content) : null;
    }

    /// <summary>A salt and a number of rounds are what PBKDF2 (RFC 8018 A.2) and the older schemes (A.3, RFC 7292 appendix C) have in common.</summary>
    private static bool HasTooManyRounds(string scheme, ReadOnlyMemory<byte> algorithm)
    {
        var parameters = new AsnReader(algorithm, AsnEncodingRules.DER).ReadSequence();
        if (scheme == Scheme)
        {
            var derivation = parameters.ReadSequence();
            derivation.ReadObjectIdentifier();
            parameters = derivation.ReadSequence();
        }

        parameters.ReadEncodedValue();
        return !parameters.TryReadInt32(out var rounds) || rounds > MaxRounds;
    }

    /// <summary>Null for what we don't write: the BCL judges it.</summary>
    private static (byte[] Salt, int Rounds, byte[] Iv)? ReadParameters(AsnReader algorithm)
    {
        try
        {
            var parameters = algorithm.ReadSequence();
            var derivation = parameters.ReadSequence();
            var encryption = parameters.ReadSequence();
            if (derivation.ReadObjectIdentifier() != Pbkdf2 || encryption.ReadObjectIdentifier() != Aes256Cbc)
            {
                return null;
            }

            var pbkdf2 = derivation.ReadSequence();
            var salt = pbkdf2.ReadOctetString();
            var iv = encryption.ReadOctetString();
            return pbkdf2.TryReadInt32(out var rounds) && rounds > 0 && pbkdf2.ReadSequence().ReadObjectIdentifier() == HmacSha256 && iv.Length == IvLength
                ? (salt, rounds, iv)
                : null;
        }
        catch (AsnContentException)
        {
            return null;
        }
    }
}
