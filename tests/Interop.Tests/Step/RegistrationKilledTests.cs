using System.Numerics;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.LocalServices;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Interop.Tests;

/// <summary>A provider killed (-9) as registration authority, between the signature of a real step-ca and its own ledger: the same token of the client's buys another certificate.</summary>
public sealed class RegistrationKilledTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private InstalledStepCa _upstream = null!;
    private HoldingProxy _proxy = null!;
    private ProviderStack _provider = null!;
    private StepCli _step = null!;

    public async Task InitializeAsync()
    {
        _upstream = await InstalledStepCa.CreateAsync("bbolt", "ra");
        await _upstream.StartAsync();
        _proxy = new HoldingProxy(_upstream.Port);
        _provider = await ProviderStack.StartAsync(RegistrationStepTests.Settings(_upstream, new Uri($"https://localhost:{_proxy.Port}/")));
        _step = await new StepCli(new StepTarget(_provider.Url, _provider.Trust.Fingerprint, Path.Combine(_provider.Data, "provisioner-password"))).BootstrapAsync();
    }

    public async Task DisposeAsync()
    {
        _step?.Dispose();
        if (_provider is not null)
        {
            await _provider.DisposeAsync();
        }

        if (_proxy is not null)
        {
            await _proxy.DisposeAsync();
        }

        if (_upstream is not null)
        {
            await _upstream.DisposeAsync();
        }
    }

    /// <summary>step-ca has signed and answered, and the answer is on its way.</summary>
    [SkippableFact]
    public async Task BeforeTheAnswerArrived_TheRetryGetsAnother_AndTheOrderIsForgottenAfterADay()
    {
        var token = await TokenAsync("killed.test");
        var signed = _upstream.Answered("/1.0/sign", 201);
        // Last, for its connection is the one that is held: step-ca closes it when it is idle for 15 s, and no new one is made behind the proxy.
        await _step.EnrollAsync("before.test", "before");
        await Waiting.UntilAsync(() => Task.FromResult(_upstream.Answered("/1.0/sign", 201) > signed), Patience);

        _proxy.Hold();
        var killed = EnrollAsync("killed.test", token);
        await _proxy.Held.WaitAsync(Patience);
        await Waiting.UntilAsync(() => Task.FromResult(_upstream.Answered("/1.0/sign", 201) > signed + 1), Patience);
        await _provider.KillAsync();
        _proxy.LetGo();

        (await killed).ExitCode.ShouldNotBe(0, "it has no answer");
        (await CountAsync("ca.upstream_orders WHERE subject = 'killed.test' AND serial IS NULL")).ShouldBe(1);
        (await CountAsync("ca.certificates WHERE subject = 'killed.test'")).ShouldBe(0);
        await _provider.StartProcessAsync();
        (await EnrollAsync("killed.test", token)).EnsureSuccess();
        using var root = _upstream.Root;
        using var certificate = RegistrationStepTests.Verified(_step.Read("killed.crt"), root);
        (await CountAsync("ca.certificates WHERE subject = 'killed.test'")).ShouldBe(1);
        (await EnrollAsync("killed.test", token)).ExitCode.ShouldNotBe(0, "the token is spent now");

        await _provider.Database.ExecuteAsync("UPDATE ca.upstream_orders SET asked_at = asked_at - interval '25 hours' WHERE subject = 'killed.test'");
        await Waiting.UntilAsync(async () => await CountAsync("ca.upstream_orders WHERE subject = 'killed.test'") == 1, Patience);
        (await CountAsync("ca.upstream_orders WHERE subject = 'killed.test' AND serial IS NOT NULL AND settled")).ShouldBe(1);
        (await CountAsync("ca.upstream_revocations")).ShouldBe(0, "nobody knows what to revoke");
    }

    /// <summary>The answer is on record as an order's, and the ledger is being written.</summary>
    [SkippableFact]
    public async Task BeforeTheLedgerCommitted_TheRetryGetsAnother_AndTheLostOneIsRevokedUpstream()
    {
        var token = await TokenAsync("killed.test");
        Task<ToolResult> killed;
        await using (var hold = await Hold.OnWriteAsync(_provider.Database, "ca.certificates", "NEW.subject = 'killed.test'"))
        {
            killed = EnrollAsync("killed.test", token);
            await hold.ReachedAsync(_provider.Process);
            await _provider.KillAsync();
            // Its two minutes are not over before this test has looked, however slow the machine is.
            await _provider.Database.ExecuteAsync("UPDATE ca.upstream_orders SET asked_at = asked_at + interval '1 hour' WHERE subject = 'killed.test'");
        }

        (await killed).ExitCode.ShouldNotBe(0, "it has no answer");
        var lost = NumberOf(await _provider.Database.ScalarAsync<byte[]>("SELECT serial FROM ca.upstream_orders WHERE subject = 'killed.test'"));
        (await CountAsync("ca.certificates WHERE subject = 'killed.test'")).ShouldBe(0);
        await _provider.StartProcessAsync();
        (await EnrollAsync("killed.test", token)).EnsureSuccess();
        using var root = _upstream.Root;
        using var certificate = RegistrationStepTests.Verified(_step.Read("killed.crt"), root);
        NumberOf(certificate.SerialNumberBytes.Span).ShouldNotBe(lost);
        (await CountAsync("ca.upstream_orders WHERE subject = 'killed.test' AND NOT settled")).ShouldBe(2);
        (await CountAsync("ca.upstream_revocations")).ShouldBe(0);

        // Not by the provider's clock: step-ca has its own, which judges tokens.
        await _provider.Database.ExecuteAsync("UPDATE ca.upstream_orders SET asked_at = asked_at - interval '63 minutes' WHERE subject = 'killed.test'");
        await Waiting.UntilAsync(async () => await CountAsync("ca.upstream_orders WHERE subject = 'killed.test' AND settled") == 2 && await CountAsync("ca.upstream_revocations") == 0, Patience);

        _upstream.Answered("/1.0/revoke", 200).ShouldBe(1);
        (await _upstream.RevokeAsync(lost)).Error.ShouldContain("already revoked");
        (await _step.RunAsync("ca", "renew", "--force", "killed.crt", "killed.key")).EnsureSuccess();
        (await _upstream.RevokeAsync(NumberOf(certificate.SerialNumberBytes.Span))).EnsureSuccess();
    }

    /// <summary>As a client does that has a token: it may come back with it.</summary>
    private Task<ToolResult> EnrollAsync(string name, string token) => _step.RunAsync("ca", "certificate", name, "killed.crt", "killed.key", "--token", token, "--force");

    private async Task<string> TokenAsync(string name) => (await _step.RunAsProvisionerAsync("ca", "token", name)).EnsureSuccess().Output.Trim();

    private static BigInteger NumberOf(ReadOnlySpan<byte> serial) => new(serial, isUnsigned: true, isBigEndian: true);

    private Task<long> CountAsync(string rows) => _provider.Database.ScalarAsync<long>("SELECT count(*) FROM " + rows);
}
