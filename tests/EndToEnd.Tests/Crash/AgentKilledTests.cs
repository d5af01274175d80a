using System.Globalization;
using System.Security.Cryptography;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Crash;

/// <summary>SIGKILL to a device's agent while it takes readings and commands: what it has taken arrives, and once, and a command is carried out.</summary>
public sealed class AgentKilledTests
{
    private const string DeviceId = "pump-1";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly int Rounds = 4 * int.Parse(Environment.GetEnvironmentVariable("IOT_KILL_ROUNDS") ?? "1", CultureInfo.InvariantCulture);

    [SkippableFact]
    public async Task Agent_KilledAtRandom_LosesNoReadingItHasTakenAndNoCommand()
    {
        using var folder = new TempFolder();
        await using var provider = await ProviderStack.StartAsync();
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", (await provider.PrepareAsync("acme")).JoinKey);
        await tenant.ReadyAsync();
        using var admin = await tenant.AdminAsync();
        var token = await admin.CreateTokenAsync(new CreateEnrollmentTokenRequest { DeviceId = DeviceId });
        var line = new Client.EnrollmentText { TenantUrl = new Uri(token.TenantUrl), Fingerprint = token.RootFingerprint, TrustDomain = token.TrustDomain, Token = token.Token, DeviceId = token.DeviceId };
        await File.WriteAllTextAsync(folder.Combine("enroll"), line.Write());
        var commands = new List<long>();
        for (var round = 0; round < Rounds; round++)
        {
            await using var agent = Start(folder);
            await agent.WaitForLineAsync(l => l.Contains("connected to", StringComparison.Ordinal));
            using var enough = new CancellationTokenSource();
            var sensor = SenseAsync(agent, round, enough.Token);
            commands.Add((await admin.SendCommandAsync(DeviceId, new SendCommandRequest { Name = "step" })).Id);
            await Task.Delay(RandomNumberGenerator.GetInt32(50, 800));
            await agent.KillAsync();
            await enough.CancelAsync();
            await sensor;
        }

        await using var last = Start(folder);
        await last.WaitForLineAsync(l => l.Contains("connected to", StringComparison.Ordinal));
        // Readings go up in the order in which they came: behind this one there is none.
        await last.WriteLineAsync($$"""{"round":{{Rounds}},"n":1}""");
        await Waiting.UntilAsync(async () => (await CountAsync(tenant, Rounds)).Rows == 1 && (await tenant.Database.ScalarAsync<long>("SELECT count(*) FROM tenant.telemetry")) == await TakenAsync(tenant), Patience);
        await Waiting.UntilAsync(async () => (await admin.ListCommandsAsync(DeviceId)).Items.All(c => c.State == CommandState.Answered), Patience);

        (await admin.ListCommandsAsync(DeviceId)).Items.Select(c => c.Id).ShouldBe(commands, ignoreOrder: true);
        // A gap would be a reading that it had taken and lost: it takes them in order.
        for (var round = 0; round < Rounds; round++)
        {
            var (rows, distinct, highest) = await CountAsync(tenant, round);
            (rows, distinct).ShouldBe((highest, highest), $"round {round}");
            highest.ShouldBeGreaterThan(0, $"round {round}");
        }
    }

    private static ProcessUnderTest Start(TempFolder folder) => ProcessUnderTest.StartDotnet(
        StackPrograms.IotAgent, ["--folder", folder.Combine("device"), "--enroll", folder.Combine("enroll"), "--telemetry", "stdin", "--on-command", Requires.Tool("cat")]);

    private static async Task SenseAsync(ProcessUnderTest agent, int round, CancellationToken enough)
    {
        try
        {
            for (var n = 1; !enough.IsCancellationRequested; n++)
            {
                await agent.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $$"""{"round":{{round}},"n":{{n}}}"""));
                await Task.Delay(2, CancellationToken.None);
            }
        }
        catch (IOException)
        {
            // It was killed.
        }
    }

    /// <summary>How many readings the agents took, if none is missing before one that is there.</summary>
    private static Task<long> TakenAsync(TenantStack tenant) =>
        tenant.Database.ScalarAsync<long>("SELECT coalesce(sum(highest), 0)::bigint FROM (SELECT max((payload ->> 'n')::int) AS highest FROM tenant.telemetry GROUP BY payload ->> 'round') AS rounds");

    private static async Task<(long Rows, long Distinct, long Highest)> CountAsync(TenantStack tenant, int round)
    {
        var counts = new long[3];
        string[] columns = ["count(*)", "count(DISTINCT payload ->> 'n')", "coalesce(max((payload ->> 'n')::int), 0)::bigint"];
        for (var i = 0; i < columns.Length; i++)
        {
            counts[i] = await tenant.Database.ScalarAsync<long>($"SELECT {columns[i]} FROM tenant.telemetry WHERE (payload ->> 'round')::int = $1", round);
        }

        return (counts[0], counts[1], counts[2]);
    }
}
