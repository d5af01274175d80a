using Microsoft.Extensions.Logging;

namespace IoTPlatform.Hosting;

/// <summary>
/// Bounds what one fault can write. A kind of line is its category, event and type of exception. In one interval a kind is written
/// at most <see cref="MostWarnings"/> times (below Warning <see cref="MostLines"/>), a warning or error with the same text or the
/// same cause only once; the rest is counted and reported in one line when the interval ends.
/// </summary>
internal sealed class LogThrottle
{
    public const int MostWarnings = 10;
    public const int MostLines = 100;

    /// <summary>Bounds the memory; frameworks log far fewer kinds.</summary>
    private const int MostKinds = 2_000;
    private const int LongestText = 300;

    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private Dictionary<(string Category, int Event, string? Name, Type? Exception), Kind> _kinds = [];

    /// <summary>False: it was counted instead.</summary>
    public bool Admits(ILogger logger, string category, LogLevel level, EventId eventId, string text, Exception? exception)
    {
        lock (_gate)
        {
            var key = (category, eventId.Id, eventId.Name, exception?.GetType());
            if (!_kinds.TryGetValue(key, out var kind))
            {
                if (_kinds.Count >= MostKinds)
                {
                    return false;
                }

                _kinds[key] = kind = new Kind(logger, level, eventId);
            }

            return kind.Admits(level, exception is null ? text : Cause(exception), text);
        }
    }

    /// <summary>Reports what was left out, and begins anew.</summary>
    public void EndInterval()
    {
        Dictionary<(string, int, string?, Type?), Kind> ended;
        lock (_gate)
        {
            (ended, _kinds) = (_kinds, []);
        }

        foreach (var kind in ended.Values)
        {
            kind.Report();
        }
    }

    // A trace id or an address in the text does not make it another fault.
    private static string Cause(Exception exception)
    {
        var cause = exception.GetBaseException();
        return $"{cause.GetType()} {cause.Message}";
    }

    private sealed class Kind(ILogger logger, LogLevel level, EventId eventId)
    {
        private readonly HashSet<string> _written = new(StringComparer.Ordinal);
        private int _lines;
        private long _leftOut;
        private string _last = "";

        public bool Admits(LogLevel level, string identity, string text)
        {
            var admitted = level < LogLevel.Warning ? _lines < MostLines : _lines < MostWarnings && _written.Add(identity);
            if (admitted)
            {
                _lines++;
            }
            else
            {
                _leftOut++;
                _last = text;
            }

            return admitted;
        }

        public void Report()
        {
            if (_leftOut > 0)
            {
                logger.Log(level, eventId, $"{_leftOut} more like this within {Interval.TotalSeconds:0} s, the last: {(_last.Length > LongestText ? _last[..LongestText] + "…" : _last)}", null, static (text, _) => text);
            }
        }
    }
}
