using System.Globalization;
using System.Net;
using System.Net.Sockets;
using IoTPlatform.Testing;

namespace IoTPlatform.Hosting.Tests.Startup;

public sealed class HostProgramTests
{
    private static readonly TestProgram Child = new(typeof(HostProgramTests).Assembly);

    [Theory]
    [InlineData("refused", 3, "error: the reason.")]
    [InlineData("wrong-password", ExitCodes.Refused, "error: The password of the key file is wrong.")]
    public async Task RunAsync_ExpectedFailure_OneLineAndItsCode(string what, int exitCode, string line)
    {
        await using var child = Child.Start(what);

        (await child.WaitForExitAsync()).ShouldBe(exitCode);
        (await child.WaitForLineAsync("error:")).ShouldBe(line);
        child.Lines.Count.ShouldBe(1);
    }

    [SkippableFact]
    public async Task RunAsync_DiskFull_SaysSo()
    {
        Requires.That(File.Exists("/dev/full"), "/dev/full is missing");
        await using var child = Child.Start("full-disk");

        (await child.WaitForExitAsync()).ShouldBe(ExitCodes.Refused);
        (await child.WaitForLineAsync("error:")).ShouldContain("the disk is full");
        child.Lines.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("port", "The port is in use")]
    [InlineData("kestrel", "address already in use")]
    public async Task RunAsync_PortInUse_SaysSo(string what, string message)
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        await using var child = Child.Start(what, ((IPEndPoint)taken.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture));

        (await child.WaitForExitAsync()).ShouldBe(ExitCodes.Refused);
        (await child.WaitForLineAsync("error:")).ShouldContain(message);
        child.Output.ShouldContain("IOT_LISTEN");
        child.Lines.Count.ShouldBe(1);
    }

    [Fact]
    public async Task RunAsync_Bug_TraceAnd70()
    {
        await using var child = Child.Start("bug");

        (await child.WaitForExitAsync()).ShouldBe(ExitCodes.Fault);
        await child.WaitForLineAsync("error: internal fault (InvalidOperationException)");
        child.Output.ShouldContain("at Program");
    }

    [Fact]
    public async Task RunAsync_Terminated_StopsCleanly()
    {
        await using var child = Child.Start("wait");
        await child.WaitForLineAsync("ready");

        child.Terminate();

        (await child.WaitForExitAsync()).ShouldBe(ExitCodes.Success);
        await child.WaitForLineAsync("stopped cleanly");
    }

    [Fact]
    public async Task RunAsync_HungUp_StopsCleanly()
    {
        await using var child = Child.Start("wait");
        await child.WaitForLineAsync("ready");

        child.HangUp();

        (await child.WaitForExitAsync()).ShouldBe(ExitCodes.Success);
        await child.WaitForLineAsync("stopped cleanly");
    }

    [Fact]
    public async Task RunAsync_InterruptedAtWork_130()
    {
        await using var child = Child.Start("work");
        await child.WaitForLineAsync("ready");

        child.Interrupt();

        (await child.WaitForExitAsync()).ShouldBe(ExitCodes.Interrupted);
    }

    [Fact]
    public async Task RunAsync_SecondInterrupt_EndsAtOnce()
    {
        await using var child = Child.Start("deaf");
        await child.WaitForLineAsync("ready");

        child.Interrupt();
        await child.WaitForLineAsync("first signal");
        child.HasExited.ShouldBeFalse();
        child.Interrupt();

        (await child.WaitForExitAsync()).ShouldBe(ExitCodes.Interrupted);
    }
}
