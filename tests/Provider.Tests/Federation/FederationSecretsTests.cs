using System.Security.Cryptography;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Federation;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.DataProtection;

namespace IoTPlatform.Provider.Tests.Federation;

public sealed class FederationSecretsTests : IAsyncLifetime
{
    private TestDatabase _database = null!;
    private FederationSecrets _secrets = null!;

    public async Task InitializeAsync()
    {
        _database = await PostgresServer.CreateDatabaseAsync(typeof(Authority).Assembly, typeof(Program).Assembly);
        _secrets = new FederationSecrets(DataServices.CreateFactory(_database.DataSource), new EphemeralDataProtectionProvider(), TimeProvider.System);
    }

    [SkippableFact]
    public async Task Ensure_ManyAtOnce_IsOneSecret()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _secrets.EnsureAsync("acme", CancellationToken.None)));

        answers.Distinct().Count().ShouldBe(1);
        answers[0].Length.ShouldBe(43);
    }

    [SkippableFact]
    public async Task Find_RowMovedToAnotherTenant_DoesNotDecrypt()
    {
        await _secrets.EnsureAsync("acme", CancellationToken.None);
        await _database.ExecuteAsync("UPDATE provider.federation_secrets SET tenant_id = 'globex'");

        await Should.ThrowAsync<CryptographicException>(() => _secrets.FindAsync("globex", CancellationToken.None));
    }

    [SkippableFact]
    public async Task Ensure_AfterForget_IsAnotherSecret()
    {
        var before = await _secrets.EnsureAsync("acme", CancellationToken.None);
        await _secrets.ForgetAsync("acme", CancellationToken.None);

        (await _secrets.EnsureAsync("acme", CancellationToken.None)).ShouldNotBe(before);
    }

    public async Task DisposeAsync()
    {
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }
}
