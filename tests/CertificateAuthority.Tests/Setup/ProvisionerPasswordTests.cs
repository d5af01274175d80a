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

    [SkippableFact]
    public async Task Ensure_AnotherPassword_MakesAnotherKeyUnderIt()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync(typeof(Authority).Assembly);
        var store = new ProvisionerStore(database.DataSource, new DefinitionSecrets(new SecretCipher(new EphemeralDataProtectionProvider())), CaHost.DefaultOptions, TimeProvider.System);
        var generated = CaPasswords.Resolve(_folder, _ => null);
        using var first = await store.EnsureJwkAsync("iot-bridge", generated, CancellationToken.None);
        using var again = await store.EnsureJwkAsync("iot-bridge", generated, CancellationToken.None);
        again.KeyId.ShouldBe(first.KeyId);

        using var replaced = await store.EnsureJwkAsync("iot-bridge", Resolve(Strong), CancellationToken.None);

        replaced.KeyId.ShouldNotBe(first.KeyId);
        JsonWebKey.Parse(Pbes2Jwe.Decrypt(replaced.EncryptedKey!, Strong)).Thumbprint().ShouldBe(replaced.KeyId);
        (await database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'provisioner.replaced'")).ShouldBe(1);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _temp.Dispose();
    }

    private CaPasswords Resolve(string password) => CaPasswords.Resolve(_folder, name => name == "STEP_CA_PROVISIONER_PASSWORD" ? password : null);
}
