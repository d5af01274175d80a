using IoTPlatform.Testing;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Hosting.Tests.Logging;

public sealed class ThrottledLoggerTests : IDisposable
{
    private readonly FakeTime _time = new();
    private readonly LogCapture _written = new();
    private readonly ThrottledLoggerProvider _provider;
    private readonly ILogger _logger;

    public ThrottledLoggerTests()
    {
        _provider = new ThrottledLoggerProvider(_written, _time);
        _logger = _provider.CreateLogger("Database");
    }

    public void Dispose() => _provider.Dispose();

    // A trace is part of its line.
    private int Lines => _written.Text.Split('\n').Count(line => line.Contains(" Database ", StringComparison.Ordinal));

    [Fact]
    public void Log_SameFaultThousandsOfTimes_OneLineAndACount()
    {
        for (var i = 0; i < 5000; i++)
        {
            Fault($"request {i} failed", "the server is away");
        }

        Lines.ShouldBe(1);
        _time.Advance(LogThrottle.Interval);

        Lines.ShouldBe(2);
        _written.Text.ShouldContain("4999 more like this within 10 s, the last: request 4999 failed");
        _time.Advance(LogThrottle.Interval);
        Lines.ShouldBe(2);
    }

    [Fact]
    public void Log_FaultGoesOn_OneLineAnInterval()
    {
        for (var interval = 0; interval < 3; interval++)
        {
            Fault("a", "away");
            _time.Advance(LogThrottle.Interval);
        }

        Lines.ShouldBe(3);
    }

    [Fact]
    public void Log_DifferentFaultsOfOneKind_AreAllWrittenUpToABound()
    {
        for (var i = 0; i < 50; i++)
        {
            Fault("a", $"cause {i}");
        }

        Lines.ShouldBe(LogThrottle.MostWarnings);
    }

    [Fact]
    public void Log_WarningsThatSayTheSame_OneLine()
    {
        for (var i = 0; i < 20; i++)
        {
            _logger.Log(LogLevel.Warning, new EventId(7), "away", null, static (s, _) => s);
        }

        _logger.Log(LogLevel.Warning, new EventId(7), "away, for tenant acme", null, static (s, _) => s);
        _logger.Log(LogLevel.Warning, new EventId(8), "away", null, static (s, _) => s);

        Lines.ShouldBe(3);
    }

    [Fact]
    public void Log_InformationRepeated_IsWrittenUpToABound()
    {
        for (var i = 0; i < 1000; i++)
        {
            _logger.Log(LogLevel.Information, new EventId(9), "served", null, static (s, _) => s);
        }

        Lines.ShouldBe(LogThrottle.MostLines);
    }

    [Fact]
    public void Dispose_WithinAnInterval_ReportsWhatWasLeftOut()
    {
        Fault("a", "away");
        Fault("b", "away");

        _provider.Dispose();

        _written.Text.ShouldContain("1 more like this");
    }

    private void Fault(string text, string cause) =>
        _logger.Log(LogLevel.Error, new EventId(1), text, new InvalidOperationException("outer", new IOException(cause)), static (s, _) => s);
}
