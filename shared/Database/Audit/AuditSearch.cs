using System.Globalization;
using System.Text;
using Npgsql;

namespace IoTPlatform.Database;

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
