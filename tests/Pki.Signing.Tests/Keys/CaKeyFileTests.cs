using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Pki.Files;
using IoTPlatform.Testing;

namespace IoTPlatform.Pki.Signing.Tests.Keys;

public sealed class CaKeyFileTests : IDisposable
{
    private const string Password = "correct horse";

    private readonly TempFolder _folder = new();
    private readonly CaKey _key = CaKey.Generate(KeyKind.P256);
    private readonly CaKeyFile _file;

    public CaKeyFileTests() => _file = new CaKeyFile(_folder.Combine("ca.key"));

    [Theory]
    [InlineData(KeyKind.P256)]
    [InlineData(KeyKind.P384)]
    [InlineData(KeyKind.P521)]
    public void Save_Load_IsTheSameKey(KeyKind kind)
    {
        using var key = CaKey.Generate(kind);
        _file.Exists.ShouldBeFalse();

        _file.Save(key, Password);
        using var loaded = _file.Load(Password);

        _file.Exists.ShouldBeTrue();
        loaded.Kind.ShouldBe(kind);
        loaded.SubjectPublicKeyInfo.ShouldBe(key.SubjectPublicKeyInfo);
        File.GetUnixFileMode(_file.Path).ShouldBe(AtomicFile.Secret);
    }

    [SkippableFact]
    public async Task Save_File_IsPbes2Aes256WithEnoughRounds()
    {
        _file.Save(_key, Password);

        var text = (await Tools.RunAsync(Requires.Tool("openssl"), ["asn1parse", "-in", _file.Path])).EnsureSuccess().Output;
        text.ShouldContain("PBES2");
        text.ShouldContain("PBKDF2");
        text.ShouldContain("hmacWithSHA256");
        text.ShouldContain("aes-256-cbc");
        text.ShouldContain("INTEGER           :0927C0"); // 600,000
        (await Tools.RunAsync(Requires.Tool("openssl"), ["pkey", "-in", _file.Path, "-passin", "pass:" + Password, "-noout"])).EnsureSuccess();
        (await Tools.RunAsync(Requires.Tool("openssl"), ["pkey", "-in", _file.Path, "-passin", "pass:wrong", "-noout"])).ExitCode.ShouldNotBe(0);
    }

    /// <summary>The first as we write it, the others by the BCL.</summary>
    [SkippableTheory]
    [InlineData("-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA256")]
    [InlineData("-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA256")]
    [InlineData("-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512")]
    public async Task Load_KeyThatOpenSslEncrypted_IsTheSameKey(params string[] encryption)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var plain = _folder.Combine("plain.pem");
        await File.WriteAllTextAsync(plain, key.ExportPkcs8PrivateKeyPem());
        (await Tools.RunAsync(Requires.Tool("openssl"), ["pkcs8", "-topk8", "-in", plain, "-out", _file.Path, "-passout", "pass:" + Password, .. encryption])).EnsureSuccess();
        File.SetUnixFileMode(_file.Path, AtomicFile.Secret);

        using var loaded = _file.Load(Password);

        loaded.SubjectPublicKeyInfo.ShouldBe(key.ExportSubjectPublicKeyInfo());
        ((Action)(() => _file.Load("wrong"))).ShouldBeRefused(PkiError.WrongPassword);
    }

    [Theory]
    [InlineData("wrong")]
    [InlineData("")]
    [InlineData("correct horse ")]
    public void Load_WrongPassword_SaysSoAndNotThePassword(string password)
    {
        _file.Save(_key, Password);
        var refusal = ((Action)(() => _file.Load(password))).ShouldBeRefused(PkiError.WrongPassword);
        refusal.ToString().ShouldNotContain(Password);
    }

    [Fact]
    public void Save_EmptyPassword_IsRefused()
    {
        ((Action)(() => _file.Save(_key, ""))).ShouldBeRefused(PkiError.WrongPassword);
        _file.Exists.ShouldBeFalse();
    }

    [Fact]
    public void Load_NoFile_SaysSo()
    {
        ((Action)(() => _file.Load(Password))).ShouldBeRefused(PkiError.KeyMissing);
        ((Action)(() => new CaKeyFile(_folder.Combine("missing", "ca.key")).Load(Password))).ShouldBeRefused(PkiError.KeyMissing);
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    [InlineData(UnixFileMode.OtherExecute)]
    public void Load_FileOpenToOthers_IsRefused(UnixFileMode mode)
    {
        _file.Save(_key, Password);
        File.SetUnixFileMode(_file.Path, AtomicFile.Secret | mode);

        ((Action)(() => _file.Load(Password))).ShouldBeRefused(PkiError.KeyNotProtected);
        ((Action)(() => _file.Export(_folder.Combine("copy")))).ShouldBeRefused(PkiError.KeyNotProtected);
    }

    [Fact]
    public void Load_LinkToAFileOpenToOthers_IsRefused()
    {
        _file.Save(_key, Password);
        File.SetUnixFileMode(_file.Path, AtomicFile.Public);
        File.CreateSymbolicLink(_folder.Combine("link"), _file.Path);

        ((Action)(() => new CaKeyFile(_folder.Combine("link")).Load(Password))).ShouldBeRefused(PkiError.KeyNotProtected);
    }

    /// <summary>Cheap because all but a few prefixes fail before the password is stretched.</summary>
    [Fact]
    public void Load_EveryPrefixOfTheFile_IsRefused()
    {
        _file.Save(_key, Password);
        var content = File.ReadAllBytes(_file.Path);
        for (var length = 0; length < content.Length - 1; length++)
        {
            AtomicFile.Write(_file.Path, content.AsSpan(0, length), AtomicFile.Secret);
            ((Action)(() => _file.Load(Password))).ShouldBeRefused(PkiError.Malformed);
        }
    }

    [Fact]
    public void Load_TruncatedDerInsideWholePem_IsRefused()
    {
        _file.Save(_key, Password);
        var pem = File.ReadAllText(_file.Path);
        var der = PemEncoding.Find(pem) is var fields ? Convert.FromBase64String(pem[fields.Base64Data]) : [];
        foreach (var damaged in new[] { der[..^1], der[..(der.Length / 2)], [], [.. der, 0] })
        {
            AtomicFile.WriteText(_file.Path, PemEncoding.WriteString("ENCRYPTED PRIVATE KEY", damaged), AtomicFile.Secret);
            ((Action)(() => _file.Load(Password))).ShouldBeRefused(PkiError.Malformed);
        }
    }

    [Fact]
    public void Load_DamagedCiphertext_IsRefused()
    {
        _file.Save(_key, Password);
        var pem = File.ReadAllText(_file.Path);
        var der = Convert.FromBase64String(pem[PemEncoding.Find(pem).Base64Data]);
        der[^20] ^= 1;
        AtomicFile.WriteText(_file.Path, PemEncoding.WriteString("ENCRYPTED PRIVATE KEY", der), AtomicFile.Secret);

        Should.Throw<PkiException>(() => _file.Load(Password)).Error.ShouldBeOneOf(PkiError.WrongPassword, PkiError.Malformed);
    }

    [Fact]
    public void Load_OtherContent_IsRefused()
    {
        using var rsa = RSA.Create(2048);
        var parameters = new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000);
        using var plain = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var p224 = ECDsa.Create(ECCurve.CreateFromFriendlyName("secp224r1"));
        (string Content, PkiError Error)[] cases =
        [
            (plain.ExportPkcs8PrivateKeyPem(), PkiError.Malformed),
            (plain.ExportECPrivateKeyPem(), PkiError.Malformed),
            ("", PkiError.Malformed),
            ("hello", PkiError.Malformed),
            (new string('A', 20000), PkiError.TooLarge),
            (rsa.ExportEncryptedPkcs8PrivateKeyPem(Password, parameters), PkiError.UnsupportedKey),
            (rsa.ExportEncryptedPkcs8PrivateKeyPem(Password, new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA512, 1000)), PkiError.UnsupportedKey),
            (rsa.ExportEncryptedPkcs8PrivateKeyPem("another", parameters), PkiError.WrongPassword),
            (p224.ExportEncryptedPkcs8PrivateKeyPem(Password, parameters), PkiError.UnsupportedKey),
        ];
        foreach (var (content, error) in cases)
        {
            AtomicFile.WriteText(_file.Path, content, AtomicFile.Secret);
            ((Action)(() => _file.Load(Password))).ShouldBeRefused(error);
        }
    }

    /// <summary>A foreign file says for how long it keeps a CPU busy: in the form that is read here, in another that the BCL reads, and by a scheme of PKCS #12.</summary>
    [Theory]
    [InlineData("2.16.840.1.101.3.4.1.42", true)]
    [InlineData("2.16.840.1.101.3.4.1.2", false)]
    [InlineData(null, false)]
    public void Load_MoreRoundsThanAnybodyTakes_IsRefusedAtOnce(string? cipher, bool hasHash)
    {
        foreach (var rounds in new[] { 10_000_001, (BigInteger)1 << 40 })
        {
            AtomicFile.WriteText(_file.Path, PemEncoding.WriteString("ENCRYPTED PRIVATE KEY", Encrypted(cipher, hasHash, rounds)), AtomicFile.Secret);
            ((Action)(() => _file.Load(Password))).ShouldBeRefused(PkiError.TooLarge);
        }
    }

    [Fact]
    public void Load_OnTheWayToTheKey_NothingPlainIsOnDisk()
    {
        _file.Save(_key, Password);
        var stored = Encoding.ASCII.GetString(File.ReadAllBytes(_file.Path));
        stored.ShouldStartWith("-----BEGIN ENCRYPTED PRIVATE KEY-----");
        Directory.GetFileSystemEntries(_folder.Path).ShouldBe([_file.Path]);
    }

    [Fact]
    public void Export_Remove_MovesTheKeyAway()
    {
        _file.Save(_key, Password);
        var copy = new CaKeyFile(_folder.Combine("offline.key"));

        _file.Export(copy.Path);
        Should.Throw<IOException>(() => _file.Export(copy.Path));
        _file.Remove();
        _file.Remove();

        _file.Exists.ShouldBeFalse();
        File.GetUnixFileMode(copy.Path).ShouldBe(AtomicFile.Secret);
        using var loaded = copy.Load(Password);
        loaded.SubjectPublicKeyInfo.ShouldBe(_key.SubjectPublicKeyInfo);
        ((Action)(() => _file.Export(_folder.Combine("again.key")))).ShouldBeRefused(PkiError.KeyMissing);
    }

    [SkippableFact]
    public async Task Save_KilledAgainAndAgain_LeavesAWholeKey()
    {
        Requires.Tool("kill");
        for (var round = 0; round < 4; round++)
        {
            var arguments = KeySaverProcess.Arguments(_file.Path);
            await using var saver = ProcessUnderTest.Start(arguments[0], arguments[1..]);
            await saver.WaitForLineAsync($"saved {round}");
            await saver.KillAsync();

            using var key = _file.Load(KeySaverProcess.Password);
            key.Kind.ShouldBe(KeyKind.P256);
        }
    }

    /// <summary>An EncryptedPrivateKeyInfo (RFC 5958 3) of zeros.</summary>
    private static byte[] Encrypted(string? cipher, bool hasHash, BigInteger rounds)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            if (cipher is null)
            {
                Algorithm("1.2.840.113549.1.12.1.3", Derivation);
            }
            else
            {
                Algorithm("1.2.840.113549.1.5.13", () =>
                {
                    using (writer.PushSequence())
                    {
                        Algorithm("1.2.840.113549.1.5.12", Derivation);
                        Algorithm(cipher, () => writer.WriteOctetString(new byte[16]));
                    }
                });
            }

            writer.WriteOctetString(new byte[160]);
        }

        return writer.Encode();

        void Derivation()
        {
            using (writer.PushSequence())
            {
                writer.WriteOctetString(new byte[8]);
                writer.WriteInteger(rounds);
                if (hasHash)
                {
                    Algorithm("1.2.840.113549.2.9", () => writer.WriteNull());
                }
            }
        }

        void Algorithm(string identifier, Action parameters)
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(identifier);
                parameters();
            }
        }
    }

    public void Dispose()
    {
        _key.Dispose();
        _folder.Dispose();
    }
}
