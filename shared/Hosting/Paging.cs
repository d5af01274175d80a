using IoTPlatform.Contracts;

namespace IoTPlatform.Hosting;

/// <summary>Lists are read one row further than asked for; the extra row says that there is a next page.</summary>
public static class Paging
{
    public const int DefaultLimit = 50;
    public const int MaxLimit = 500;

    public static int Limit(int? limit) => limit switch
    {
        null => DefaultLimit,
        >= 1 and <= MaxLimit => limit.Value,
        _ => throw new ProblemException(400, "invalid_limit", $"limit lies between 1 and {MaxLimit}."),
    };

    public static Page<T> Cut<T>(List<T> rows, int limit, Func<T, string> cursor) => rows.Count <= limit
        ? new Page<T> { Items = rows }
        : new Page<T> { Items = rows[..limit], NextCursor = cursor(rows[limit - 1]) };
}
