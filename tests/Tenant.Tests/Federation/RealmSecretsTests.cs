using IoTPlatform.Database;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.Federation;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.DataProtection;

namespace IoTPlatform.Tenant.Tests.Federation;

public sealed class RealmSecretsTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private TestDatabase _database = null!;

    public async Task InitializeAsync() => _database = await TenantDatabase.CreateAsync();

    public async Task DisposeAsync()
    {
        await _database.DisposeAsync();
        _folder.Dispose();
    }

    [SkippableFact]
    public async Task Ensure_Twice_IsTheSame_AndAnotherClientsIsNot()
    {
        var secret = await Secrets("keys").EnsureAsync("keeper", default);

        (await Secrets("keys").EnsureAsync("keeper", default)).ShouldBe(secret);
        (await Secrets("keys").EnsureAsync("portal", default)).ShouldNotBe(secret);
        secret.Length.ShouldBe(43, "256 random bits, base64url");
    }

    [SkippableFact]
    public async Task Ensure_ByTwoAtOnce_AnswersBothTheSame()
    {
        var secrets = Secrets("keys");

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => secrets.EnsureAsync("keeper", default)));

        answers.Distinct().Count().ShouldBe(1);
    }

    [SkippableFact]
    public async Task Database_Alone_GivesNothingAway()
    {
        var secret = await Secrets("keys").EnsureAsync("keeper", default);

        (await _database.ScalarAsync<long>($"SELECT count(*) FROM tenant.realm_secrets WHERE ciphertext LIKE '%{secret}%'")).ShouldBe(0);
        await Should.ThrowAsync<System.Security.Cryptography.CryptographicException>(() => Secrets("another folder's keys").EnsureAsync("keeper", default));
    }

    [SkippableFact]
    public async Task Row_MovedToAnotherClient_DoesNotDecrypt()
    {
        await Secrets("keys").EnsureAsync("keeper", default);
        await _database.ExecuteAsync("UPDATE tenant.realm_secrets SET client_id = 'portal' WHERE client_id = 'keeper'");

        await Should.ThrowAsync<System.Security.Cryptography.CryptographicException>(() => Secrets("keys").EnsureAsync("portal", default));
    }

    private SecretStore<TenantDbContext> Secrets(string keys) =>
        RealmSecrets.Create(DataServices.CreateFactory(_database.DataSource), DataProtectionProvider.Create(new DirectoryInfo(_folder.Combine(keys))), TimeProvider.System);
}
