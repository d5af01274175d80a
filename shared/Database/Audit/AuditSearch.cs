using System.Globalization;
using System.Text;
using Npgsql;

namespace IoTPlatform.Database;

/// <summary>Which entries of the audit log, and in which order.</summary>
public sealed record AuditQuery
{
    public const int MaxLimit = 500;

    public bool NewestFirst { get; init; }

    /// <summary>Exclusive: later sequence numbers than this, or earlier ones with <see cref="NewestFirst"/>.</summary>
    public long? Cursor { get; init; }

    /// <summary>An action, or the beginning of one with a star: <c>certificate.*</c>.</summary>
    public string? Action { get; init; }

    public string? Actor { get; init; }

    public string? Subject { get; init; }

    /// <summary>Inclusive.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Exclusive.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Actions that are left out.</summary>
    public IReadOnlyList<string> Except { get; init; } = [];

    public int Limit { get; init; } = 100;
}

/// <summary>An <see cref="AuditQuery"/> as SQL: the conditions that are given, every value a parameter.</summary>
internal static class AuditSearch
{
    public static void Build(NpgsqlCommand command, AuditQuery query)
    {
        var sql = new StringBuilder("SELECT sequence, at, actor, action, subject, details, hash FROM audit.entries WHERE true");
        Where(query.Cursor, query.NewestFirst ? "sequence <" : "sequence >");
        if (query.Action is { } action && action.EndsWith('*'))
        {
            Where(action[..^1], "starts_with(action,", ")");
        }
        else
        {
            Where(query.Action, "action =");
        }

        Where(query.Actor, "actor =");
        Where(query.Subject, "subject =");
        Where(query.Since?.ToUniversalTime(), "at >=");
        Where(query.Until?.ToUniversalTime(), "at <");
        Where(query.Except is { Count: > 0 } except ? except.ToArray() : null, "action <> ALL (", ")");
        sql.Append(query.NewestFirst ? " ORDER BY sequence DESC LIMIT " : " ORDER BY sequence LIMIT ").Append(query.Limit.ToString(CultureInfo.InvariantCulture));
        command.CommandText = sql.ToString();

        void Where(object? value, string condition, string end = "")
        {
            if (value is not null)
            {
                command.Parameters.AddWithValue(value);
                sql.Append(CultureInfo.InvariantCulture, $" AND {condition} ${command.Parameters.Count}{end}");
            }
        }
    }
}
