BEGIN TRANSACTION;
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE counter (
	name VARCHAR(40) NOT NULL, 
	value BIGINT NOT NULL, 
	CONSTRAINT pk_counter PRIMARY KEY (name)
);
INSERT INTO "counter" VALUES('library',2);
CREATE TABLE encoder_spec (
	id INTEGER NOT NULL, 
	"key" VARCHAR(64) NOT NULL, 
	name TEXT NOT NULL, 
	version TEXT NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	dim INTEGER NOT NULL, 
	rate_hz INTEGER, 
	CONSTRAINT pk_encoder_spec PRIMARY KEY (id), 
	CONSTRAINT uq_encoder_spec_key UNIQUE ("key")
);
INSERT INTO "encoder_spec" VALUES(1,'bffb67ae25df5f4cc04f14498f5c234d571b08107fd1a8e54dc6e201e02fa853','ge2e','0.1.4','abababababababababababababababababababababababababababababababab','voice',4,16000);
INSERT INTO "encoder_spec" VALUES(2,'3475f4149f49924a2427f54f0b40b3a29037806582221ace9046cf3d28c87239','tag bridge','1','cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd','joint',3,16000);
CREATE TABLE failed_file (
	id INTEGER NOT NULL, 
	folder_id INTEGER NOT NULL, 
	path BLOB NOT NULL, 
	size BIGINT NOT NULL, 
	mtime_ns BIGINT NOT NULL, 
	reason TEXT NOT NULL, 
	space VARCHAR(64), 
	CONSTRAINT pk_failed_file PRIMARY KEY (id), 
	CONSTRAINT fk_failed_file_folder_id FOREIGN KEY(folder_id) REFERENCES folder (id) ON DELETE CASCADE, 
	CONSTRAINT uq_failed_file_path UNIQUE (path)
);
INSERT INTO "failed_file" VALUES(1,1,X'2F736F756E64732F6261642E776176',3,4,'not a sound',NULL);
CREATE TABLE folder (
	id INTEGER NOT NULL, 
	path BLOB NOT NULL, 
	device BIGINT, 
	CONSTRAINT pk_folder PRIMARY KEY (id), 
	CONSTRAINT uq_folder_path UNIQUE (path)
);
INSERT INTO "folder" VALUES(1,X'2F736F756E6473',NULL);
CREATE TABLE sample (
	id INTEGER NOT NULL, 
	take_id INTEGER NOT NULL, 
	spec_id INTEGER NOT NULL, 
	vector BLOB NOT NULL, 
	norm FLOAT NOT NULL, 
	speech_s FLOAT NOT NULL, 
	CONSTRAINT pk_sample PRIMARY KEY (id), 
	CONSTRAINT fk_sample_take_id FOREIGN KEY(take_id) REFERENCES take (id) ON DELETE CASCADE, 
	CONSTRAINT fk_sample_spec_id FOREIGN KEY(spec_id) REFERENCES encoder_spec (id)
);
INSERT INTO "sample" VALUES(1,1,1,X'0000803F000000000000000000000000',3.0,1.25);
INSERT INTO "sample" VALUES(2,1,1,X'000000000000803F0000000000000000',2.0,1.25);
CREATE TABLE sound (
	id INTEGER NOT NULL, 
	folder_id INTEGER NOT NULL, 
	path BLOB NOT NULL, 
	size BIGINT NOT NULL, 
	mtime_ns BIGINT NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	duration_s FLOAT NOT NULL, 
	rate_hz INTEGER NOT NULL, 
	channels INTEGER NOT NULL, 
	format VARCHAR(20) NOT NULL, 
	tags TEXT NOT NULL, 
	peaks BLOB NOT NULL, 
	CONSTRAINT pk_sound PRIMARY KEY (id), 
	CONSTRAINT fk_sound_folder_id FOREIGN KEY(folder_id) REFERENCES folder (id) ON DELETE CASCADE, 
	CONSTRAINT uq_sound_path UNIQUE (path)
);
INSERT INTO "sound" VALUES(1,1,X'2F736F756E64732F7261696E2E776176',1000,5,'1212121212121212121212121212121212121212121212121212121212121212',2.0,44100,2,'wav','[["Rain", 0.9]]',X'00010203');
CREATE TABLE span (
	spec_id INTEGER NOT NULL, 
	sound_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	start_s FLOAT NOT NULL, 
	end_s FLOAT NOT NULL, 
	"row" INTEGER NOT NULL, 
	CONSTRAINT pk_span PRIMARY KEY (spec_id, sound_id, position), 
	CONSTRAINT fk_span_spec_id FOREIGN KEY(spec_id) REFERENCES encoder_spec (id), 
	CONSTRAINT fk_span_sound_id FOREIGN KEY(sound_id) REFERENCES sound (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "span" VALUES(2,1,0,0.0,2.0,0);
CREATE TABLE take (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	voice_id INTEGER NOT NULL, 
	source TEXT NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	recorded_at DATETIME NOT NULL, 
	duration_s FLOAT NOT NULL, 
	speech_s FLOAT NOT NULL, 
	level_dbfs FLOAT NOT NULL, 
	snr_db FLOAT NOT NULL, 
	clipped INTEGER NOT NULL, 
	recording BLOB, 
	consent_at DATETIME, 
	CONSTRAINT fk_take_voice_id FOREIGN KEY(voice_id) REFERENCES voice (id) ON DELETE CASCADE
);
INSERT INTO "take" VALUES(1,1,'anna.flac','efefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefef','2026-11-22 12:00:00.000000',3.0,2.5,-20.0,25.0,0,NULL,NULL);
CREATE TABLE voice (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	name_key TEXT NOT NULL, 
	colour INTEGER NOT NULL, 
	state VARCHAR(20) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT uq_voice_name_key UNIQUE (name_key)
);
INSERT INTO "voice" VALUES(1,'Anna','anna',0,'enrolled','2026-11-22 21:12:59.459045');
CREATE INDEX ix_take_voice_id ON take (voice_id);
CREATE INDEX ix_sound_folder_id ON sound (folder_id);
CREATE INDEX ix_sound_sha256 ON sound (sha256);
CREATE INDEX ix_failed_file_folder_id ON failed_file (folder_id);
CREATE INDEX ix_sample_take_id ON sample (take_id);
CREATE INDEX ix_span_sound_id ON span (sound_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('voice',1);
INSERT INTO "sqlite_sequence" VALUES('take',1);
COMMIT;
