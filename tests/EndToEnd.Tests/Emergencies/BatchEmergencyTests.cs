using System.Globalization;
using IoTPlatform.Agent;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;
using Xunit.Abstractions;

namespace IoTPlatform.EndToEnd.Tests.Emergencies;

/// <summary>A batch in other hands: one act, and all of its devices are off the broker and stay out; the others go on.</summary>
public sealed class BatchEmergencyTests(ITestOutputHelper output)
{
    private const int EnrolsAtOnce = 8;
    private static readonly int Devices = int.Parse(Environment.GetEnvironmentVariable("IOT_EMERGENCY_DEVICES") ?? "20", CultureInfo.InvariantCulture);

    [SkippableFact]
    public async Task Emergency_Batch_EveryAgentOfItIsOffAndStaysOut()
    {
        using var temp = new TempFolder();
        await using var provider = await ProviderStack.StartAsync();
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", (await provider.PrepareAsync("acme")).JoinKey);
        await tenant.ReadyAsync();
        using var admin = await tenant.AdminAsync();
        var token = await admin.CreateTokenAsync(new CreateEnrollmentTokenRequest { Uses = Devices });
        var agents = new AgentAtWork[Devices];
        await Parallel.ForAsync(0, Devices, new ParallelOptions { MaxDegreeOfParallelism = EnrolsAtOnce }, async (i, _) => agents[i] = await AgentAtWork.StartAsync(tenant, token.Token, $"batch-{i}", temp));
        await using var other = await AgentAtWork.StartAsync(tenant, (await admin.CreateTokenAsync(new CreateEnrollmentTokenRequest())).Token, "other", temp);
        try
        {
            await UntilAsync("all are connected", () => agents.All(a => a.IsConnected) && other.IsConnected);
            (await admin.PreviewEmergencyAsync("batch", token.Id.ToString())).Certificates.ShouldBe(Devices);

            var done = await admin.RunEmergencyAsync("batch", token.Id.ToString(), new EmergencyRequest { Reason = "keys leaked at the factory", Expected = Devices });

            var began = TimeProvider.System.GetUtcNow();
            (done.Certificates, done.Revoked).ShouldBe((0, Devices));
            await UntilAsync("all are off", () => agents.All(a => a.EndedAt is not null));
            var last = agents.Max(a => a.EndedAt!.Value) - began;
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Devices} devices: the last session ended {last.TotalMilliseconds:F0} ms after the answer to the act"));
            await UntilAsync("all have given up", () => agents.All(a => a.Events.Any(e => e.Kind == AgentEventKind.Revoked)));
            other.EndedAt.ShouldBeNull("it is of no batch");
        }
        finally
        {
            await Task.WhenAll(agents.Where(a => a is not null).Select(a => a.DisposeAsync().AsTask()));
        }
    }

    private static async Task UntilAsync(string what, Func<bool> holds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60 + (Devices / 2)));
        while (!holds())
        {
            patience.IsCancellationRequested.ShouldBeFalse($"it was waited in vain until {what}");
            await Task.Delay(50);
        }
    }
}
