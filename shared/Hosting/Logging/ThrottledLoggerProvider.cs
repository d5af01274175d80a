using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Hosting;

/// <summary>
/// Puts a <see cref="LogThrottle"/> in front of a provider, for the lines of frameworks as well as ours.
/// <para>
/// A feature calls nothing to use it. It logs through <c>[LoggerMessage]</c> with an event id of its own, and passes a fault as the
/// exception, not as text: the same fault is then written once in <see cref="LogThrottle.Interval"/>, with its trace, and the
/// repetitions as a count. An expected outage is logged without its exception.
/// </para>
/// </summary>
internal sealed class ThrottledLoggerProvider : ILoggerProvider
{
    private readonly ILoggerProvider _inner;
    private readonly LogThrottle _throttle = new();
    private readonly ConcurrentDictionary<string, ILogger> _loggers = new(StringComparer.Ordinal);
    private readonly ITimer _timer;

    public ThrottledLoggerProvider(ILoggerProvider inner, TimeProvider time)
    {
        _inner = inner;
        _timer = time.CreateTimer(_ => _throttle.EndInterval(), null, LogThrottle.Interval, LogThrottle.Interval);
    }

    public ILogger CreateLogger(string categoryName) => _loggers.GetOrAdd(categoryName, static (name, self) => new Logger(self._inner.CreateLogger(name), name, self._throttle), this);

    public void Dispose()
    {
        _timer.Dispose();
        _throttle.EndInterval();
        _inner.Dispose();
    }

    private sealed class Logger(ILogger inner, string category, LogThrottle throttle) : ILogger
    {
        private const int DrainInvalidState = 67;
        private readonly bool _isKestrel = string.Equals(category, "Microsoft.AspNetCore.Server.Kestrel", StringComparison.Ordinal);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => inner.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

        // Kestrel tries to read the rest of a body whose client has just gone away, and calls it an error of the application that it can't.
        private bool IsNoise(EventId eventId) => _isKestrel && eventId.Id == DrainInvalidState;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (inner.IsEnabled(logLevel) && !IsNoise(eventId) && throttle.Admits(inner, category, logLevel, eventId, formatter(state, exception), exception))
            {
                inner.Log(logLevel, eventId, state, exception, formatter);
            }
        }
    }
}
