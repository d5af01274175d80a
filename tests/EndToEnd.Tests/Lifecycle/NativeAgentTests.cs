using System.Globalization;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Lifecycle;

/// <summary>What a device runs: one native program, published as docs/devices.md says.</summary>
public sealed class NativeAgentTests
{
    private const int MostMiB = 40;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [SkippableFact]
    public async Task NativeAgent_FromAnEnrolmentLine_EnrolsSendsAnswersAndIsThrownOff_InFortyMegabytes()
    {
        Requires.Tool("gcc");
        using var folder = new TempFolder();
        var agent = await PublishAsync(folder);
        await using var provider = await ProviderStack.StartAsync();
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", (await provider.PrepareAsync("acme")).JoinKey);
        await tenant.ReadyAsync();
        using var admin = await tenant.AdminAsync();
        await WriteLineAsync(admin, folder.Combine("pump-1.enroll"));

        string[] arguments = ["--folder", folder.Combine("pump-1"), "--enroll", folder.Combine("pump-1.enroll"), "--telemetry", "system", "--interval", "1", "--on-command", Requires.Tool("cat")];
        await using var running = ProcessUnderTest.Start(agent, arguments);
        await running.WaitForLineAsync(line => line.Contains("connected to", StringComparison.Ordinal));
        await Waiting.UntilAsync(async () => (await admin.ListTelemetryAsync("pump-1")).Items.Count > 2, Patience);
        var command = await admin.SendCommandAsync("pump-1", new SendCommandRequest { Name = "echo" });
        await Waiting.UntilAsync(async () => (await admin.ListCommandsAsync("pump-1")).Items.Single(c => c.Id == command.Id).State == CommandState.Answered, Patience);
        Resident(running.Id).ShouldBeLessThan(MostMiB);

        // Enrolled already: the line is not read again, and the key and certificate stay.
        running.Terminate();
        (await running.WaitForExitAsync()).ShouldBe(0, running.Output);
        await using var again = ProcessUnderTest.Start(agent, arguments);
        await again.WaitForLineAsync(line => line.Contains("connected to", StringComparison.Ordinal));
        again.Output.ShouldNotContain("enrolled as");
        await admin.RevokeDeviceAsync("pump-1", new RevokeRequest());
        (await again.WaitForExitAsync()).ShouldBe(3, again.Output);
    }

    [SkippableFact]
    public async Task Agent_TenantAwayAtFirst_EnrolsWhenItIsThere()
    {
        using var folder = new TempFolder();
        await using var provider = await ProviderStack.StartAsync();
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", (await provider.PrepareAsync("acme")).JoinKey);
        await tenant.ReadyAsync();
        using (var admin = await tenant.AdminAsync())
        {
            await WriteLineAsync(admin, folder.Combine("pump-1.enroll"));
        }

        await tenant.KillAsync();
        await using var agent = ProcessUnderTest.StartDotnet(StackPrograms.IotAgent, ["--folder", folder.Combine("pump-1"), "--enroll", folder.Combine("pump-1.enroll"), "--transport", "https"]);
        await agent.WaitForLineAsync(line => line.Contains("not enrolled yet", StringComparison.Ordinal));
        tenant.Launch();
        await tenant.ReadyAsync();

        await agent.WaitForLineAsync(line => line.Contains("enrolled as pump-1", StringComparison.Ordinal));
        agent.Terminate();
        (await agent.WaitForExitAsync()).ShouldBe(0, agent.Output);
    }

    [SkippableTheory]
    [InlineData("a device that is not enrolled", 2, "--enroll FILE")]
    [InlineData("an unknown option", 2, "--unknown", "--unknown")]
    [InlineData("an interval of nothing", 2, "1 to 86400", "--interval", "0")]
    [InlineData("a transport there is not", 2, "carrier-pigeon", "--transport", "carrier-pigeon")]
    public async Task Agent_CommandLineThatSaysNothing_SaysWhatToDo(string _, int exitCode, string says, params string[] arguments)
    {
        using var folder = new TempFolder();

        await using var agent = ProcessUnderTest.StartDotnet(StackPrograms.IotAgent, ["--folder", folder.Combine("pump-1"), .. arguments]);

        (await agent.WaitForExitAsync()).ShouldBe(exitCode, agent.Output);
        agent.Output.ShouldContain(says);
    }

    private static async Task WriteLineAsync(TenantClient admin, string path)
    {
        var token = await admin.CreateTokenAsync(new CreateEnrollmentTokenRequest { DeviceId = "pump-1" });
        var line = new Client.EnrollmentText { TenantUrl = new Uri(token.TenantUrl), Fingerprint = token.RootFingerprint, TrustDomain = token.TrustDomain, Token = token.Token, DeviceId = token.DeviceId };
        await File.WriteAllTextAsync(path, line.Write() + "\n");
    }

    private static async Task<string> PublishAsync(TempFolder folder)
    {
        var project = Path.Combine(Tools.RepositoryRoot, "device-stack", "IotAgent");
        (await Tools.RunAsync("dotnet", ["publish", project, "-c", "Release", "--use-current-runtime", "-o", folder.Combine("published"), "-nologo", "-p:UseSharedCompilation=false", "-p:RunAnalyzers=false", "-nodeReuse:false"], timeout: TimeSpan.FromMinutes(20))).EnsureSuccess();
        return folder.Combine("published", "iot-agent");
    }

    /// <summary>In MiB.</summary>
    private static int Resident(int process) => int.Parse(
        File.ReadLines($"/proc/{process}/status").Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
}
