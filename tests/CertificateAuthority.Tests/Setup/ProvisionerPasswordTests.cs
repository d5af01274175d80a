using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Hosting;
using IoTPlatform.Jose;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Tests.Setup;

/// <summary>/provisioners returns the encrypted key to every caller, so its password has to resist an offline attack.</summary>
public sealed class ProvisionerPasswordTests : IDisposable
{
    private const string Strong = "kV8qWz3uTn5RxY7cLpD2";
    private readonly TempFolder _temp = new();
    private readonly DataFolder _folder;

    public ProvisionerPasswordTests() => _folder = DataFolder.Open(_temp.Combine("data"));

    [Theory]
    [InlineData("password")]
    [InlineData("kV8qWz3uTn5RxY7cLpD")] // 19
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("abcabcabcabcabcabcabcabcabc")]
    public void Resolve_WeakPassword_IsRefusedWithWhatToDoAndMakesNothing(string password)
    {
        var message = Should.Throw<StartupException>(() => Resolve(password)).Message;

        message.ShouldContain("STEP_CA_PROVISIONER_PASSWORD");
        message.ShouldContain("20 characters");
        message.ShouldContain("openssl rand -base64 32");
        message.ShouldNotContain(password + "\"");
        File.Exists(_folder.Combine("ca-password")).ShouldBeFalse();
    }

    [Fact]
    public void Resolve_WeakPasswordFromAFile_IsRefused()
    {
        File.WriteAllText(_temp.Combine("pw"), "password\n");

        Should.Throw<StartupException>(() => CaPasswords.Resolve(_folder, name => name == "STEP_CA_PROVISIONER_PASSWORD_FILE" ? _temp.Combine("pw") : null));
    }

    [Fact]
    public void Rounds_AreFew_OnlyForWhatWasGenerated()
    {
        var generated = CaPasswords.Resolve(_folder, _ => null);
        (generated.Authority.Rounds, generated.Provisioner.Rounds).ShouldBe((1_000, 1_000));
        CaPasswords.Resolve(_folder, _ => null).Authority.Rounds.ShouldBe(1_000);

        Resolve(Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))).Provisioner.Rounds.ShouldBe(600_000);
        _folder.WriteSecret("ca-password", "Tr0ub4dor&3\n"u8.ToArray());
        CaPasswords.Resolve(_folder, _ => null).Authority.Rounds.ShouldBe(600_000);
        // Base64 of the right length, were it not for the spaces.
        _folder.WriteSecret("ca-password", System.Text.Encoding.ASCII.GetBytes(new string('a', 21) + "  " + new string('a', 21) + "A"));
        CaPasswords.Resolve(_folder, _ => null).Authority.Rounds.ShouldBe(600_000);
    }

    [SkippableFact]
    public async Task Ensure_AnotherPassword_MakesAnotherKeyUnderIt()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync(typeof(Authority).Assembly);
        var store = new ProvisionerStore(database.DataSource, new DefinitionSecrets(new SecretCipher(new EphemeralDataProtectionProvider())), CaHost.DefaultOptions, TimeProvider.System);
        var generated = CaPasswords.Resolve(_folder, _ => null);
        using var first = await store.EnsureJwkAsync("iot-bridge", generated, CancellationToken.None);
        using var again = await store.EnsureJwkAsync("iot-bridge", generated, CancellationToken.None);
        again.KeyId.ShouldBe(first.KeyId);
        RoundsOf(first).ShouldBe(1_000);

        using var replaced = await store.EnsureJwkAsync("iot-bridge", Resolve(Strong), CancellationToken.None);

        replaced.KeyId.ShouldNotBe(first.KeyId);
        JsonWebKey.Parse(Pbes2Jwe.Decrypt(replaced.EncryptedKey!, Strong)).Thumbprint().ShouldBe(replaced.KeyId);
        RoundsOf(replaced).ShouldBe(600_000);
        (await database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'provisioner.replaced'")).ShouldBe(1);

        static int RoundsOf(JwkProvisioner provisioner) =>
            JsonDocument.Parse(Base64Url.DecodeFromChars(provisioner.EncryptedKey.AsSpan(0, provisioner.EncryptedKey!.IndexOf('.')))).RootElement.GetProperty("p2c").GetInt32();
    }

    public void Dispose()
    {
        _folder.Dispose();
        _temp.Dispose();
    }

    private CaPasswords Resolve(string password) => CaPasswords.Resolve(_folder, name => name == "STEP_CA_PROVISIONER_PASSWORD" ? password : null);
}
