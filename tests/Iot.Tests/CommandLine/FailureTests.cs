using IoTPlatform.Agent;
using IoTPlatform.Client;
using IoTPlatform.Contracts;
using IoTPlatform.Hosting;

namespace IoTPlatform.Iot.Tests.CommandLine;

public sealed class FailureTests
{
    [Theory]
    [InlineData(400, ExitCode.Failed)]
    [InlineData(401, ExitCode.NotAuthorised)]
    [InlineData(403, ExitCode.NotAuthorised)]
    [InlineData(404, ExitCode.NotFound)]
    [InlineData(409, ExitCode.Failed)]
    [InlineData(503, ExitCode.Failed)]
    public void Of_ApiAnswer_SaysCodeAndDetail(int status, int exitCode)
    {
        var failure = Failure.Of(new ApiException(new ApiProblem { Status = status, Title = "T", Detail = "no such thing.", Code = "some_code" }, TimeSpan.FromSeconds(9)));

        (failure.ExitCode, failure.Code).ShouldBe((exitCode, "some_code"));
        failure.Message.ShouldBe("no such thing (some_code); try again in 9 s");
    }

    [Fact]
    public void Of_EveryKindOfFailure_HasItsExitCode()
    {
        Failure.Of(new UnreachableException(new Uri("https://x"), UnreachableReason.Untrusted, "m")).ExitCode.ShouldBe(ExitCode.Unreachable);
        Failure.Of(new AgentException("m")).ExitCode.ShouldBe(ExitCode.Failed);
        Failure.Of(new StartupException("m")).ExitCode.ShouldBe(ExitCode.Failed);
        Failure.Of(new IOException("m")).ExitCode.ShouldBe(ExitCode.Failed);
        Failure.Of(CliException.Usage("m")).ExitCode.ShouldBe(ExitCode.Usage);
        Failure.Of(new OperationCanceledException()).ExitCode.ShouldBe(ExitCode.Interrupted);
        Failure.Of(new InvalidOperationException("m")).ExitCode.ShouldBe(ExitCode.Fault);
    }
}
